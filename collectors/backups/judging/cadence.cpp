#include "collectors/backups/judging/cadence.h"

#include <algorithm>

#include "collectors/backups/judging/history.h"

namespace pgvigil::backups {
namespace {

constexpr std::size_t k_least_pauses = 5;
constexpr std::size_t k_most_pauses = 10;
constexpr double k_least_seconds = 60;  // two that ended together are one
constexpr double k_patience = 1.5;
constexpr double k_least_patience = 3600;

std::vector<Timestamp> ends_of(const std::vector<Backup>& backups) {
  std::vector<Timestamp> ends;
  for (const Backup& backup : backups)
    if (backup.state == State::complete && backup.stop) ends.push_back(*backup.stop);
  std::ranges::sort(ends);
  return ends;
}

std::vector<double> pauses_between(const std::vector<Timestamp>& ends) {
  std::vector<double> pauses;
  for (std::size_t i = 1; i < ends.size(); ++i)
    if (const double pause = std::chrono::duration<double>(ends[i] - ends[i - 1]).count(); pause >= k_least_seconds)
      pauses.push_back(pause);
  if (pauses.size() > k_most_pauses) pauses.erase(pauses.begin(), pauses.end() - k_most_pauses);
  return pauses;
}

Timestamp after(Timestamp time, double seconds) {
  return time + std::chrono::duration_cast<Timestamp::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

std::optional<Cadence> cadence_of(const std::vector<Backup>& backups, const Policy& policy, Timestamp now) {
  const std::vector<Timestamp> ends = ends_of(backups);
  const std::vector<double> pauses = pauses_between(ends);
  std::optional<double> usual;
  if (pauses.size() >= k_least_pauses) usual = median(pauses);
  if (policy.schedule) {
    // Without any backup the last time of the schedule is the one that was missed.
    const auto from = ends.empty() ? policy.schedule->last(now) : policy.schedule->next(ends.back());
    if (!from) return std::nullopt;
    return Cadence{*from, *from + policy.grace, usual, true};
  }
  if (!usual || ends.empty()) return std::nullopt;
  const double patience = std::max(k_least_patience, k_patience * *std::ranges::max_element(pauses));
  return Cadence{after(ends.back(), *usual), after(ends.back(), patience), usual, false};
}

}  // namespace pgvigil::backups
