#include "agent/watching/exposition/series_budget.h"

#include <algorithm>

namespace pgvigil::agent {

void SeriesBudget::configure(std::size_t most) {
  const std::lock_guard lock(mutex_);
  use_.most = most;
}

std::size_t SeriesBudget::exchange(std::size_t held, std::size_t wanted) {
  const std::lock_guard lock(mutex_);
  use_.held -= held;
  const std::size_t granted = std::min(wanted, use_.most - std::min(use_.most, use_.held));
  use_.held += granted;
  use_.dropped += wanted - granted;
  return granted;
}

SeriesBudget::Use SeriesBudget::use() const {
  const std::lock_guard lock(mutex_);
  return use_;
}

}  // namespace pgvigil::agent
