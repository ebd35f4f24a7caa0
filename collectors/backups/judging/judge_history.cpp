#include <algorithm>

#include "collectors/backups/judging/case.h"

namespace pgvigil::backups {
namespace {

/// Times within twice as much are no jump.
constexpr double k_least_duration_jump = 2;

double seconds_of(Timestamp time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

void judge_duration(Case& each, const Backup& newest) {
  each.verdict.duration = trend_of(durations_of(each.repository, newest.kind), k_least_duration_jump);
  std::vector<Point> growth;
  for (const Backup& backup : each.repository.backups)
    if (backup.state == State::complete && backup.kind == newest.kind && backup.start && backup.stop)
      growth.push_back({seconds_of(*backup.stop), seconds_between(*backup.start, *backup.stop)});
  each.verdict.duration_growth = slope_of(growth);
  const auto& cadence = each.verdict.cadence;
  if (!each.verdict.duration_growth || !cadence || !cadence->seconds) return;
  const auto outlook = each.source.policy.outlook;
  const double then =
      growth.back().value + *each.verdict.duration_growth * std::chrono::duration<double>(outlook).count();
  if (then <= *cadence->seconds) return;
  const auto days = std::chrono::floor<std::chrono::days>(outlook).count();
  each.find({Reason::duration_grows, "if backups go on growing, one takes longer in " + std::to_string(days) +
                                         " days than the pause between two"});
}

/// What the newest complete one of each kind took, and when the sums of one were found right.
void measure(Case& each) {
  Verdict& verdict = each.verdict;
  for (const Backup& backup : each.repository.backups) {
    if (backup.state != State::complete) continue;
    const bool has_times = backup.start && backup.stop;
    verdict.measures[backup.kind] = {
        backup.sizes, has_times ? std::optional(seconds_between(*backup.start, *backup.stop)) : std::nullopt};
    if (!backup.verified) continue;
    Timestamp& newest = verdict.verified_by_kind.try_emplace(backup.kind, *backup.verified).first->second;
    newest = std::max(newest, *backup.verified);
  }
}

}  // namespace

/// The newest complete backup, against those of its kind.
void judge_history(Case& each) {
  measure(each);
  judge_size(each);
  const auto newest = std::ranges::find(each.repository.backups.rbegin(), each.repository.backups.rend(),
                                        State::complete, &Backup::state);
  if (newest == each.repository.backups.rend()) return;
  judge_duration(each, *newest);
}

}  // namespace pgvigil::backups
