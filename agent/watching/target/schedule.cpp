#include "agent/watching/target/schedule.h"

#include <algorithm>

namespace pgvigil::agent {
namespace {

constexpr std::chrono::minutes k_longest_backoff{5};

/// Fractional parts of the golden ratio's multiples: any number of jobs are spread evenly (Weyl's sequence).
double spread(std::size_t job) {
  const double turns = static_cast<double>(job) * 0.6180339887498949;
  return turns - static_cast<double>(static_cast<std::size_t>(turns));
}

}  // namespace

void Schedule::add(Clock::duration every, Clock::time_point now, Lane lane) {
  const double part = lane == Lane::tour ? 0 : spread(jobs_.size());
  const auto phase = std::chrono::duration_cast<Clock::duration>(every * part);
  jobs_.push_back({lane, every, every, now + phase, now, 0, false});
}

std::optional<std::size_t> Schedule::take(Clock::time_point now, Lane lane) {
  std::optional<std::size_t> longest;
  for (std::size_t job = 0; job < jobs_.size(); ++job) {
    if (jobs_[job].lane != lane || jobs_[job].running || jobs_[job].due > now) continue;
    if (!longest || jobs_[job].due < jobs_[*longest].due) longest = job;
  }
  if (longest) jobs_[*longest].running = true;
  return longest;
}

void Schedule::done(std::size_t number, Result result, Clock::time_point now) {
  Job& job = jobs_[number];
  job.running = false;
  job.failures = result == Result::good ? 0 : job.failures + 1;
  const auto passed = now - job.base;
  const auto intervals = passed < Clock::duration::zero() ? 0 : passed / job.every + 1;
  job.due = job.base + intervals * job.every;
  if (job.failures < 2) return;
  const auto longest = std::max<Clock::duration>(k_longest_backoff, job.every);
  const auto pause = std::min(longest, job.every * (1 << std::min(job.failures - 1, 10)));
  job.due = std::max(job.due, now + pause);
}

void Schedule::give_back(std::size_t job) {
  jobs_[job].running = false;
}

void Schedule::hurry(std::size_t job, Clock::time_point now) {
  if (!jobs_[job].running) jobs_[job].due = std::min(jobs_[job].due, now);
}

void Schedule::stretch(std::size_t job, double factor) {
  jobs_[job].every = std::chrono::duration_cast<Clock::duration>(jobs_[job].own * factor);
}

std::optional<Schedule::Clock::time_point> Schedule::next_due(Lane lane) const {
  std::optional<Clock::time_point> next;
  for (const Job& job : jobs_)
    if (job.lane == lane && !job.running && (!next || job.due < *next)) next = job.due;
  return next;
}

}  // namespace pgvigil::agent
