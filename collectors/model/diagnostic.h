#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgvigil {

/// One mistake in a file that a person wrote. `line` and `column` count from 1; 0 where there is no place.
struct Diagnostic {
  std::string file;
  std::size_t line = 0;
  std::size_t column = 0;
  std::string message;  ///< lower case, names the thing, no full stop
  std::string hint;     ///< a sentence that says what to do, or empty

  bool operator==(const Diagnostic&) const = default;
};

using Diagnostics = std::vector<Diagnostic>;

/// "pgvigil.toml:3:1: unknown key 'lisen' (Did you mean 'listen'?)"
std::string to_string(const Diagnostic& diagnostic);

/// The candidate nearest to `word` by edit distance (Damerau-Levenshtein, optimal string alignment), or empty
/// when none is near enough to be meant: more than a third of the word would have to change.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace pgvigil
