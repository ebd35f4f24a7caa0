#pragma once

#include <string_view>
#include <vector>

namespace pgvigil::promql {

/// A set of code points as ranges.
class CharClass {
 public:
  struct Range {
    char32_t first;
    char32_t last;
  };

  void add(char32_t first, char32_t last) { ranges_.push_back({first, last}); }
  void add(const CharClass& other) {
    ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
  }
  /// Adds the other case of every letter.
  void add_case_variants();
  /// Turns the set into its complement.
  void negate();
  /// Sorts and joins the ranges: to be called before contains().
  void normalise();

  bool contains(char32_t code_point) const;
  const std::vector<Range>& ranges() const { return ranges_; }

 private:
  std::vector<Range> ranges_;
};

/// The class of \d, \D, \s, \S, \w or \W (ASCII, as in RE2); empty for another letter.
CharClass perl_class(char letter);
/// The class of "alpha" in [[:alpha:]]; empty for an unknown name.
CharClass posix_class(std::string_view name);

/// The other case of a letter (simple folding; Latin, Greek, Cyrillic), or the code point itself.
char32_t other_case(char32_t code_point);

}  // namespace pgvigil::promql
