#include "agent/log/repeat_guard.h"

#include <utility>

namespace pgvigil::agent {
namespace {

/// What fails may have names from the database, which has any number of them.
constexpr std::size_t k_most_keys = 10'000;

}  // namespace

std::optional<std::uint64_t> RepeatGuard::failed(std::string_view key,
                                                 std::string_view text,
                                                 Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  auto found = failing_.find(key);
  if (found == failing_.end()) {
    if (failing_.size() >= k_most_keys) failing_.clear();
    failing_.emplace(key, State{std::string(text), now, now, 1, 0});
    return 0;
  }
  State& state = found->second;
  ++state.failures;
  if (state.text == text && now - state.told < reminder_) {
    ++state.kept_back;
    return std::nullopt;
  }
  state.text = text;
  state.told = now;
  return std::exchange(state.kept_back, 0);
}

std::optional<RepeatGuard::Spell> RepeatGuard::recovered(std::string_view key, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto found = failing_.find(key);
  if (found == failing_.end()) return std::nullopt;
  const Spell spell{found->second.failures, now - found->second.since};
  failing_.erase(found);
  return spell;
}

void RepeatGuard::forget(std::string_view prefix) {
  const std::lock_guard lock(mutex_);
  std::erase_if(failing_, [&](const auto& entry) { return entry.first.starts_with(prefix); });
}

}  // namespace pgvigil::agent
