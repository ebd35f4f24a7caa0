#include "tests/fuzz/mutator.h"

#include <algorithm>
#include <random>
#include <set>

namespace pgvigil::fuzz {
namespace {

constexpr std::string_view k_edges[] = {"0",
                                        "-1",
                                        "1e308",
                                        "-1e309",
                                        "9223372036854775807",
                                        "9223372036854775808",
                                        "18446744073709551616",
                                        "4294967296",
                                        "0.0000000000000000001",
                                        "1e-400",
                                        "NaN",
                                        "Inf",
                                        "0x",
                                        "1h1h",
                                        "99999999999y"};
constexpr std::string_view k_strays[] = {"(",
                                         ")",
                                         "[",
                                         "]",
                                         "{",
                                         "}",
                                         "{{",
                                         "}}",
                                         "\"",
                                         "'",
                                         "`",
                                         "\\",
                                         "\"\"\"",
                                         "'''",
                                         "\r\n",
                                         "\n",
                                         "\t",
                                         ",",
                                         ".",
                                         ":",
                                         "#",
                                         "-",
                                         "=",
                                         "\xff",
                                         "\xc3\xa9",
                                         "\xed\xa0\x80",
                                         "\xf4\x90\x80\x80",
                                         "\xef\xbb\xbf",
                                         std::string_view("\0", 1)};

/// Words and single signs of a text.
void collect_words(std::string_view text, std::set<std::string>& words) {
  constexpr std::size_t k_longest = 40;
  const auto in_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    if (in_word(text[i]))
      while (end < text.size() && in_word(text[end]))
        ++end;
    if (end - i <= k_longest) words.emplace(text.substr(i, end - i));
    i = end;
  }
}

/// One input in the making.
class Change {
 public:
  Change(std::string text,
         const std::vector<std::string>& seeds,
         const std::vector<std::string>& words,
         std::mt19937_64& random)
      : text_(std::move(text)), seeds_(seeds), words_(words), random_(random) {}

  void once() {
    const std::size_t at = below(text_.size() + 1);
    switch (below(9)) {
      case 0:
        text_.erase(at, length(at));
        break;
      case 1:
        text_.insert(at, word());
        break;
      case 2:
        text_.replace(at, length(at), word());
        break;
      case 3:
        if (at < text_.size())
          text_[at] = static_cast<char>(static_cast<unsigned char>(text_[at]) ^ (1U << below(8)));
        break;
      case 4:
        text_.insert(at, text_.substr(below(text_.size() + 1), 1 + below(200)));
        break;
      case 5:
        repeat(at, word());
        break;
      case 6:
        repeat(at, text_.substr(at, 1 + below(12)));
        break;
      case 7:
        wrap();
        break;
      case 8:
        mix(at);
        break;
    }
    if (text_.size() > Mutator::k_most_bytes) text_.resize(Mutator::k_most_bytes);
  }

  std::string take() { return std::move(text_); }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  /// Mostly short.
  std::size_t length(std::size_t at) { return std::min(text_.size() - at, below(below(4) == 0 ? 500 : 12)); }
  const std::string& word() { return words_[below(words_.size())]; }
  /// Seldom thousands of times, for that is slow.
  std::size_t times() { return below(below(16) == 0 ? 5000 : 20); }

  void repeat(std::size_t at, const std::string& piece) {
    std::string many;
    for (std::size_t i = times(); i > 0 && many.size() < Mutator::k_most_bytes; --i)
      many += piece;
    text_.insert(at, many);
  }

  /// Everything in brackets, many times over.
  void wrap() {
    constexpr std::string_view k_pairs[][2] = {{"(", ")"},  {"[", "]"},    {"{", "}"},      {"{\"a\":", "}"},
                                               {"-(", ")"}, {"sum(", ")"}, {"{{if ", "}}"}, {"[a.", "]"}};
    const auto& pair = k_pairs[below(std::size(k_pairs))];
    std::string before;
    std::string after;
    for (std::size_t i = times(); i > 0; --i) {
      before += pair[0];
      after += pair[1];
    }
    text_ = before + text_ + after;
  }

  void mix(std::size_t at) {
    const std::string& other = seeds_[below(seeds_.size())];
    const std::size_t from = below(other.size() + 1);
    text_.replace(at, length(at), other.substr(from, 1 + below(400)));
  }

  std::string text_;
  const std::vector<std::string>& seeds_;
  const std::vector<std::string>& words_;
  std::mt19937_64& random_;
};

}  // namespace

Mutator::Mutator(std::vector<std::string> seeds, std::uint64_t seed) : seeds_(std::move(seeds)), seed_(seed) {
  std::set<std::string> words(std::begin(k_edges), std::end(k_edges));
  words.insert(std::begin(k_strays), std::end(k_strays));
  for (const std::string& text : seeds_)
    collect_words(text, words);
  words_.assign(words.begin(), words.end());
}

std::string Mutator::input(std::uint64_t number) const {
  if (number < seeds_.size()) return seeds_[number];
  std::seed_seq both{seed_, seed_ >> 32, number, number >> 32};
  std::mt19937_64 random(both);
  Change change(seeds_[random() % seeds_.size()], seeds_, words_, random);
  for (std::uint64_t left = 1 + random() % 6; left > 0; --left)
    change.once();
  return change.take();
}

}  // namespace pgvigil::fuzz
