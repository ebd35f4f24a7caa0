#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pgvigil::fuzz {

/// Inputs that are nearly good: seeds with pieces removed, repeated, nested, mixed with other seeds, and
/// replaced by words of theirs, by numbers at the edges and by stray bytes.
class Mutator {
 public:
  static constexpr std::size_t k_most_bytes = 64 * 1024;

  /// `seeds` are the good ones, at least one.
  Mutator(std::vector<std::string> seeds, std::uint64_t seed);

  /// Depends on the seeds, the seed and `number` alone. The first are the seeds as they are.
  std::string input(std::uint64_t number) const;

 private:
  std::vector<std::string> seeds_;
  std::vector<std::string> words_;  // of the seeds, and what breaks things elsewhere
  std::uint64_t seed_;
};

}  // namespace pgvigil::fuzz
