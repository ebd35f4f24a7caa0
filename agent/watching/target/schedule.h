#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace pgvigil::agent {

/// When each job is to run. Pure: the clock is an argument. Not thread-safe.
///
/// A job has a fixed rate: what was missed during a stall is not caught up. The first runs come at once, one
/// after the other; afterwards the jobs of one interval are spread over it, so that a server never sees them
/// all together; those of a tour go together. A job that fails again and again is run more and more seldom:
/// its interval doubles with each failure after the first, up to five minutes or its own interval, whichever
/// is longer.
class Schedule {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Result : std::uint8_t { good, failed };
  /// Who runs a job: a worker, or the tour through the databases.
  enum class Lane : std::uint8_t { worker, tour };

  /// Adds a job, due at once. Its number is the count of jobs before it.
  void add(Clock::duration every, Clock::time_point now, Lane lane = Lane::worker);
  /// The job that is due longest, which runs from now on; nothing when none is due.
  std::optional<std::size_t> take(Clock::time_point now, Lane lane = Lane::worker);
  /// A job that was taken is over.
  void done(std::size_t job, Result result, Clock::time_point now);
  /// A job that was taken could not begin: it stays due.
  void give_back(std::size_t job);
  /// Makes a job that does not run due at once.
  void hurry(std::size_t job, Clock::time_point now);
  /// From its next run on the job's interval is `factor` times its own.
  void stretch(std::size_t job, double factor);
  /// When the next job that does not run is due.
  std::optional<Clock::time_point> next_due(Lane lane = Lane::worker) const;

 private:
  struct Job {
    Lane lane;
    Clock::duration own;     // interval
    Clock::duration every;   // own, stretched
    Clock::time_point base;  // of the fixed rate: base + n * every
    Clock::time_point due;
    int failures = 0;  // in a row
    bool running = false;
  };
  std::vector<Job> jobs_;
};

}  // namespace pgvigil::agent
