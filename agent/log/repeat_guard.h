#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace pgvigil::agent {

/// Keeps an error that comes again and again from being told each time. The clock is an argument. Any thread
/// may call it.
class RepeatGuard {
 public:
  using Clock = std::chrono::steady_clock;

  /// What there was between the first failure and the recovery.
  struct Spell {
    std::uint64_t failures = 0;
    Clock::duration lasted{};
  };

  /// An error that lasts is told again after `reminder`.
  explicit RepeatGuard(Clock::duration reminder = std::chrono::hours{1}) : reminder_(reminder) {}

  /// Notes a failure of `key`. It is to be told when there is a number: how often it was kept back since the
  /// last time. That is so for a first failure, for another text than before, and when the reminder is due.
  std::optional<std::uint64_t> failed(std::string_view key, std::string_view text, Clock::time_point now);

  /// Notes that `key` is well: nothing when it was so before.
  std::optional<Spell> recovered(std::string_view key, Clock::time_point now);

  /// Forgets every key that begins with `prefix`.
  void forget(std::string_view prefix);

 private:
  struct State {
    std::string text;
    Clock::time_point since;
    Clock::time_point told;
    std::uint64_t failures = 0;
    std::uint64_t kept_back = 0;
  };

  Clock::duration reminder_;
  std::mutex mutex_;
  std::map<std::string, State, std::less<>> failing_;
};

}  // namespace pgvigil::agent
