#pragma once

#include <algorithm>
#include <cstddef>

namespace pgvigil::rules {

/// What glibc's allocator takes for so many bytes: a word more, in steps of two words, four at the least.
constexpr std::size_t allocated(std::size_t bytes) {
  constexpr std::size_t k_word = sizeof(void*);
  if (bytes == 0) return 0;
  return std::max(4 * k_word, (bytes + 3 * k_word - 1) / (2 * k_word) * (2 * k_word));
}

}  // namespace pgvigil::rules
