#include "rules/promql/natural_order.h"

#include <algorithm>

namespace pgvigil::promql {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes the run of digits, or of anything else, that `text` begins with.
std::string_view take_run(std::string_view& text) {
  std::size_t length = 1;
  while (length < text.size() && is_digit(text[length]) == is_digit(text[0]))
    ++length;
  std::string_view run = text.substr(0, length);
  text.remove_prefix(length);
  return run;
}

std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a <=> b;
}

}  // namespace

std::strong_ordering natural_order(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    std::string_view left = take_run(a);
    std::string_view right = take_run(b);
    bool numbers = is_digit(left[0]) && is_digit(right[0]);
    std::strong_ordering order = numbers ? compare_numbers(left, right) : left <=> right;
    if (order != 0) return order;
  }
  return a.size() <=> b.size();
}

}  // namespace pgvigil::promql
