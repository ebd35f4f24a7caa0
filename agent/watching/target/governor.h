#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <vector>

namespace pgvigil::agent {

/// Slows a collector down that costs the server more than its share. Pure: the clock is an argument. Not
/// thread-safe.
///
/// A share is a part of one core: 0.01 is 6 s in ten minutes. A collector is slowed down when it has used up
/// the share of a whole window (ten minutes, or six of its intervals where that is longer), its dearest run
/// not counted: neither the first runs on cold caches nor an outlier do. From then on its interval is as long
/// as its last runs ask for, and it is back at its own when they have become cheap.
class Governor {
 public:
  using Clock = std::chrono::steady_clock;

  /// Adds a collector. Its number is the count of those before it. With a share of 0 it is never slowed down.
  void add(Clock::duration every, double share);
  /// A run is over that kept the server busy for `seconds`. True when the pace is another one from now on.
  bool note(std::size_t job, double seconds, Clock::time_point now);
  /// By how much the interval is stretched; 1: not at all.
  double slowdown(std::size_t job) const { return jobs_[job].slowdown; }
  /// What the collector takes of one core at its own pace, by its last runs.
  double asked(std::size_t job) const;
  /// What all of them together took of one core over the ten minutes before `now`.
  double used(Clock::time_point now) const;

 private:
  struct Run {
    Clock::time_point at;
    double seconds;
  };
  struct Job {
    Clock::duration every;
    double share;
    double slowdown = 1;
    std::deque<Run> runs = {};  // of the window, the latest last
    Clock::duration window() const;
  };
  static double needed(const Job& job);
  std::vector<Job> jobs_;
};

}  // namespace pgvigil::agent
