#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "collectors/model/units.h"

namespace pgvigil::collectors {

/// Runs calls that may hang for ever (statvfs on a dead network volume) on a thread of its own, so that
/// nobody else is lost to them. While one hangs, no other is begun. An Errand that is destroyed leaves a
/// thread that hangs to itself, with all that it needs.
class Errand {
 public:
  Errand();
  ~Errand();
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;

  /// What `call` gives; nothing when it is not back by the deadline or when `stop` is asked for, or while an
  /// earlier call still hangs. `call` owns all that it uses. Not to be called by two threads at once.
  template <typename Result>
  std::optional<Result> run(std::function<Result()> call, Deadline deadline, const std::stop_token& stop) {
    const auto result = std::make_shared<std::optional<Result>>();
    const bool done = wait([call = std::move(call), result] { result->emplace(call()); }, deadline, stop);
    return done ? std::move(*result) : std::nullopt;
  }

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::function<void()> task;  // that waits to be begun
    bool busy = false;           // from the giving of a task to its end
    bool leaving = false;
  };
  static void work(const std::shared_ptr<Shared>& shared);
  bool wait(std::function<void()> task, Deadline deadline, const std::stop_token& stop);

  std::shared_ptr<Shared> shared_;
};

}  // namespace pgvigil::collectors
