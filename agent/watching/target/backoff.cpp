#include "agent/watching/target/backoff.h"

#include <algorithm>

namespace pgvigil::agent {

std::chrono::milliseconds Backoff::failed(double random) {
  constexpr std::chrono::milliseconds first{250};
  const auto pause = std::min(limit_, first * (1 << std::min(failures_, 12)));
  ++failures_;
  return std::chrono::duration_cast<std::chrono::milliseconds>(pause * (1 - random / 2));
}

}  // namespace pgvigil::agent
