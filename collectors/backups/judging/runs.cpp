#include "collectors/backups/judging/runs.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "collectors/backups/judging/history.h"

namespace pgvigil::backups {
namespace {

constexpr std::size_t k_least_runs = 5;
constexpr double k_deviations = 1.4826;  // a standard deviation, in median absolute deviations
constexpr double k_beyond_chance = 4;
constexpr double k_least_factor = 1.5;
constexpr double k_least_seconds = 600;
constexpr std::size_t k_enough_looks = 3;
/// A run that has only just begun to copy tells nothing of its end.
constexpr std::chrono::years k_longest_left{1};

bool is_of(Tool tool, const LiveServer::Session& session) {
  switch (tool) {
    case Tool::pgbackrest:
      return session.application.starts_with("pgBackRest [backup");
    case Tool::barman:
      return session.streams && session.application.starts_with("barman");
    case Tool::base_backups:
      return session.streams && session.application == "pg_basebackup";
    case Tool::wal_g:
    case Tool::dumps:
    case Tool::cloudnativepg:
      break;
  }
  return false;
}

double seconds_between(Timestamp from, Timestamp to) {
  return std::chrono::duration<double>(to - from).count();
}

std::optional<double> longest_of(const std::vector<Backup>& backups, Kind kind) {
  std::vector<double> durations;
  for (const Backup& backup : backups)
    if (backup.state == State::complete && backup.kind == kind && backup.start && backup.stop)
      durations.push_back(seconds_between(*backup.start, *backup.stop));
  if (durations.size() < k_least_runs) return std::nullopt;
  const double middle = median(durations);
  for (double& duration : durations)
    duration = std::abs(duration - middle);
  return std::max({middle + k_beyond_chance * k_deviations * median(std::move(durations)),
                   k_least_factor * middle, middle + k_least_seconds});
}

}  // namespace

Run run_of(Tool tool, const Activity& activity, const LiveServer* server) {
  Run run;
  const LiveServer::Session* first = nullptr;
  if (server != nullptr)
    for (const LiveServer::Session& session : server->sessions) {
      if (!is_of(tool, session)) continue;
      ++run.count;
      if (first == nullptr || (session.since && (!first->since || *session.since < *first->since)))
        first = &session;
    }
  if (activity.backup) run.count = std::max<std::size_t>(run.count, 1);
  if (first != nullptr) run.since = first->since;
  const bool tool_tells = activity.backup && activity.size && activity.done;
  run.size = tool_tells ? activity.size : first != nullptr ? first->size : std::nullopt;
  run.done = tool_tells ? activity.done : first != nullptr ? first->done : std::nullopt;
  return run;
}

std::optional<Timestamp> expected_end(std::span<const Progress> seen, std::optional<Timestamp> since) {
  if (seen.empty()) return std::nullopt;
  const Progress& last = seen.back();
  const bool from_the_beginning = seen.size() < k_enough_looks && since;
  const Progress first = from_the_beginning ? Progress{*since, 0, last.size} : seen.front();
  if (last.done >= last.size) return last.at;
  if (last.done <= first.done || last.at <= first.at) return std::nullopt;
  const double speed = static_cast<double>(last.done - first.done) / seconds_between(first.at, last.at);
  const std::chrono::duration<double> left{static_cast<double>(last.size - last.done) / speed};
  if (left > k_longest_left) return std::nullopt;
  return last.at + std::chrono::duration_cast<Timestamp::duration>(left);
}

std::optional<Timestamp> stalled_since(std::span<const Progress> seen) {
  if (seen.size() < 2) return std::nullopt;
  std::size_t at = seen.size() - 1;
  while (at > 0 && seen[at - 1].done == seen.back().done)
    --at;
  return at + 1 == seen.size() ? std::nullopt : std::optional(seen[at].at);
}

std::optional<double> longest_usual(const std::vector<Backup>& backups, std::optional<Kind> kind) {
  if (kind) return longest_of(backups, *kind);
  std::optional<double> longest;
  for (const Kind each :
       {Kind::full, Kind::differential, Kind::incremental, Kind::dump, Kind::base, Kind::snapshot})
    if (const auto one = longest_of(backups, each); one && (!longest || *one > *longest)) longest = one;
  return longest;
}

}  // namespace pgvigil::backups
