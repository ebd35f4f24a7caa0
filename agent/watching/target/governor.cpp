#include "agent/watching/target/governor.h"

#include <algorithm>

namespace pgvigil::agent {
namespace {

constexpr std::chrono::minutes k_window{10};
constexpr int k_intervals = 6;             // of a slow collector make a window
constexpr std::ptrdiff_t k_last_runs = 5;  // tell what a run costs now
/// A pace is changed when it is off by more than this: else every run would bring another one.
constexpr double k_too_fast = 1.1;
constexpr double k_too_slow = 0.8;
constexpr double k_cheap = 0.9;

double seconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

struct Spent {
  double all = 0;
  double dearest = 0;
  std::ptrdiff_t runs = 0;
};

template <typename Iterator>
Spent spent(Iterator from, Iterator to) {
  Spent sum;
  for (; from != to; ++from, ++sum.runs) {
    sum.all += from->seconds;
    sum.dearest = std::max(sum.dearest, from->seconds);
  }
  return sum;
}

}  // namespace

Governor::Clock::duration Governor::Job::window() const {
  const std::chrono::duration<double> intervals = every * (k_intervals * slowdown);
  return std::max<Clock::duration>(k_window, std::chrono::duration_cast<Clock::duration>(intervals));
}

void Governor::add(Clock::duration every, double share) {
  jobs_.push_back({every, share});
}

bool Governor::note(std::size_t number, double seconds_busy, Clock::time_point now) {
  Job& job = jobs_[number];
  job.runs.push_back({now, seconds_busy});
  while (now - job.runs.front().at > job.window())
    job.runs.pop_front();
  if (job.share <= 0) return false;

  if (job.slowdown == 1) {
    const Spent window = spent(job.runs.begin(), job.runs.end());
    if (window.all - window.dearest <= job.share * seconds(job.window())) return false;
  }
  const double need = needed(job);
  const double before = job.slowdown;
  if (need < k_cheap)
    job.slowdown = 1;
  else if (need > before * k_too_fast || need < before * k_too_slow)
    job.slowdown = std::max(1.0, need);
  return job.slowdown != before;
}

/// The slowdown that brings the collector to its share.
double Governor::needed(const Job& job) {
  const auto last = std::min<std::ptrdiff_t>(k_last_runs, std::ssize(job.runs));
  const Spent lately = spent(job.runs.end() - last, job.runs.end());
  if (lately.runs < 2) return job.slowdown;
  const double run = (lately.all - lately.dearest) / static_cast<double>(lately.runs - 1);
  return run / (job.share * seconds(job.every));
}

double Governor::asked(std::size_t job) const {
  return needed(jobs_[job]) * jobs_[job].share;
}

double Governor::used(Clock::time_point now) const {
  double sum = 0;
  for (const Job& job : jobs_)
    for (const Run& run : job.runs)
      if (now - run.at <= k_window) sum += run.seconds;
  return sum / seconds(k_window);
}

}  // namespace pgvigil::agent
