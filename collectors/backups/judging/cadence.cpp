#include "collectors/backups/judging/cadence.h"

#include <algorithm>

#include "collectors/backups/judging/history.h"
#include "collectors/backups/judging/proposal.h"

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
    if (const double pause = std::chrono::duration<double>(ends[i] - ends[i - 1]).count();
        pause >= k_least_seconds)
      pauses.push_back(pause);
  if (pauses.size() > k_most_pauses) pauses.erase(pauses.begin(), pauses.end() - k_most_pauses);
  return pauses;
}

Timestamp after(Timestamp time, double seconds) {
  return time + std::chrono::duration_cast<Timestamp::duration>(std::chrono::duration<double>(seconds));
}

/// The longest of the last ones, in seconds.
double longest_of(const std::vector<Backup>& backups) {
  double longest = 0;
  std::size_t count = 0;
  for (auto backup = backups.rbegin(); backup != backups.rend() && count < k_most_pauses; ++backup) {
    if (backup->state != State::complete || !backup->start || !backup->stop) continue;
    longest = std::max(longest, std::chrono::duration<double>(*backup->stop - *backup->start).count());
    ++count;
  }
  return longest;
}

/// The first time of a timetable for which no backup stands that ended after it, whoever took it.
std::optional<Timestamp> due_by(const Timetable& timetable, std::optional<Timestamp> newest) {
  if (timetable.suspended) return std::nullopt;
  if (timetable.last && (!newest || *timetable.last > *newest)) return timetable.last;
  const bool is_past = timetable.next && newest && *timetable.next <= *newest;
  return is_past && timetable.schedule ? timetable.schedule->next(*newest) : timetable.next;
}

std::optional<Timestamp> first_due(const std::vector<Timetable>& timetables,
                                   std::optional<Timestamp> newest) {
  std::optional<Timestamp> first;
  for (const Timetable& each : timetables) {
    const auto due = due_by(each, newest);
    if (due) first = first ? std::min(*first, *due) : *due;
  }
  return first;
}

bool is_under_way(const std::vector<Backup>& backups, Timestamp since) {
  return std::ranges::any_of(backups, [&](const Backup& backup) {
    return backup.state == State::running && backup.start && *backup.start >= since;
  });
}

}  // namespace

std::optional<Cadence> cadence_of(const Repository& repository, const Policy& policy, Timestamp now) {
  const std::vector<Timestamp> ends = ends_of(repository.backups);
  const std::vector<double> pauses = pauses_between(ends);
  const auto newest = ends.empty() ? std::nullopt : std::optional(ends.back());
  std::optional<double> usual;
  if (pauses.size() >= k_least_pauses) usual = median(pauses);
  if (policy.schedule) {
    // Without any backup the last time of the schedule is the one that was missed.
    const auto from = newest ? policy.schedule->next(*newest) : policy.schedule->last(now);
    if (!from) return std::nullopt;
    return Cadence{*from, *from + policy.grace, usual, true, {}};
  }
  if (const auto due = first_due(repository.timetables, newest)) {
    const Timestamp deadline = after(*due + policy.grace, longest_of(repository.backups));
    return Cadence{
        *due, is_under_way(repository.backups, *due) ? std::max(deadline, now) : deadline, usual, true, {}};
  }
  if (!usual) return std::nullopt;
  const double patience = std::max(k_least_patience, k_patience * *std::ranges::max_element(pauses));
  return Cadence{after(*newest, *usual), after(*newest, patience), usual, false,
                 proposed_schedule(repository.backups)};
}

}  // namespace pgvigil::backups
