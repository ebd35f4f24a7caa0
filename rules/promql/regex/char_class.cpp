#include "rules/promql/regex/char_class.h"

#include <algorithm>
#include <array>

namespace pgvigil::promql {
namespace {

constexpr char32_t k_last_code_point = 0x10FFFF;

/// Upper-case letters whose lower case stands `distance` further.
struct CaseBlock {
  char32_t first;
  char32_t last;
  char32_t distance;
};
constexpr std::array<CaseBlock, 7> k_case_blocks = {{{'A', 'Z', 32},
                                                     {0xC0, 0xD6, 32},
                                                     {0xD8, 0xDE, 32},
                                                     {0x391, 0x3A1, 32},
                                                     {0x3A3, 0x3AB, 32},
                                                     {0x410, 0x42F, 32},
                                                     {0x400, 0x40F, 80}}};

/// Blocks in which upper and lower case take turns; `parity` is that of the upper-case letters.
struct AlternatingBlock {
  char32_t first;
  char32_t last;
  char32_t parity;
};
constexpr std::array<AlternatingBlock, 5> k_alternating_blocks = {
    {{0x100, 0x12F, 0}, {0x132, 0x137, 0}, {0x139, 0x148, 1}, {0x14A, 0x177, 0}, {0x460, 0x481, 0}}};

struct NamedClass {
  std::string_view name;
  std::string_view ranges;  ///< pairs of first and last
};
constexpr std::array<NamedClass, 14> k_posix_classes = {{{"alnum", "09AZaz"},
                                                         {"alpha", "AZaz"},
                                                         {"ascii", std::string_view("\x00\x7F", 2)},
                                                         {"blank", "\t\t  "},
                                                         {"cntrl", std::string_view("\x00\x1F\x7F\x7F", 4)},
                                                         {"digit", "09"},
                                                         {"graph", "!~"},
                                                         {"lower", "az"},
                                                         {"print", " ~"},
                                                         {"punct", "!/:@[`{~"},
                                                         {"space", "\t\r  "},
                                                         {"upper", "AZ"},
                                                         {"word", "09AZaz__"},
                                                         {"xdigit", "09AFaf"}}};

CharClass from_pairs(std::string_view pairs) {
  CharClass result;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    result.add(static_cast<unsigned char>(pairs[i]), static_cast<unsigned char>(pairs[i + 1]));
  }
  return result;
}

}  // namespace

char32_t other_case(char32_t code_point) {
  for (const CaseBlock& block : k_case_blocks) {
    if (code_point >= block.first && code_point <= block.last) return code_point + block.distance;
    char32_t upper = code_point - block.distance;
    if (code_point >= block.distance && upper >= block.first && upper <= block.last) return upper;
  }
  for (const AlternatingBlock& block : k_alternating_blocks) {
    if (code_point < block.first || code_point > block.last) continue;
    return code_point % 2 == block.parity ? code_point + 1 : code_point - 1;
  }
  return code_point;
}

void CharClass::add_case_variants() {
  constexpr char32_t k_last_cased = 0x4FF;
  std::size_t count = ranges_.size();
  for (std::size_t i = 0; i < count; ++i) {
    Range range = ranges_[i];
    for (char32_t c = range.first; c <= std::min(range.last, k_last_cased); ++c) {
      if (char32_t other = other_case(c); other != c) add(other, other);
    }
  }
}

void CharClass::normalise() {
  std::sort(ranges_.begin(), ranges_.end(), [](Range a, Range b) { return a.first < b.first; });
  std::vector<Range> joined;
  for (Range range : ranges_) {
    if (!joined.empty() && range.first <= joined.back().last + 1) {
      joined.back().last = std::max(joined.back().last, range.last);
    } else {
      joined.push_back(range);
    }
  }
  ranges_ = std::move(joined);
}

void CharClass::negate() {
  normalise();
  std::vector<Range> complement;
  char32_t next = 0;
  for (Range range : ranges_) {
    if (range.first > next) complement.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= k_last_code_point) complement.push_back({next, k_last_code_point});
  ranges_ = std::move(complement);
}

bool CharClass::contains(char32_t code_point) const {
  auto after = std::upper_bound(ranges_.begin(), ranges_.end(), code_point,
                                [](char32_t c, Range range) { return c < range.first; });
  return after != ranges_.begin() && code_point <= std::prev(after)->last;
}

CharClass perl_class(char letter) {
  CharClass result;
  switch (letter) {
    case 'd':
    case 'D':
      result = from_pairs("09");
      break;
    case 's':
    case 'S':
      result = from_pairs("\t\n\f\r  ");
      break;
    case 'w':
    case 'W':
      result = from_pairs("09AZaz__");
      break;
    default:
      return result;
  }
  if (letter < 'a') result.negate();
  return result;
}

CharClass posix_class(std::string_view name) {
  for (const NamedClass& named : k_posix_classes) {
    if (named.name == name) return from_pairs(named.ranges);
  }
  return {};
}

}  // namespace pgvigil::promql
