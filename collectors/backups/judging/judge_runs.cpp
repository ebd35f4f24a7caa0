#include <algorithm>

#include "collectors/backups/files/json_text.h"
#include "collectors/backups/judging/case.h"
#include "collectors/backups/judging/runs.h"

namespace pgvigil::backups {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

/// No backup is called stuck before this, unless nothing more is copied.
constexpr hours k_least_stuck{6};
/// A big file is counted when it was copied whole.
constexpr hours k_most_still{1};
/// A run that begins so little before its time is that of its time.
constexpr minutes k_early{10};

/// Whether it may still be at work, rather than stuck.
bool judge_length(Case& each, Timestamp since, std::optional<Kind> kind, const std::string& who) {
  const double seconds = seconds_between(since, each.now);
  auto& longest = each.verdict.running_seconds;
  longest = std::max(longest.value_or(0), seconds);
  double limit = std::chrono::duration<double>(k_least_stuck).count();
  for (const double duration : durations_of(each.repository, std::nullopt))
    limit = std::max(limit, 4 * duration);
  const auto usual = longest_usual(each.repository.backups, kind);
  if (seconds > limit)
    each.find({Reason::stuck, who + " has been running for " + age_text(since, each.now)});
  else if (usual && seconds > *usual)
    each.find({Reason::runs_long,
               who + " has been running for " + age_text(since, each.now) + ", longer than any usual one"});
  return seconds <= limit;
}

void judge_progress(Case& each) {
  const auto seen = each.evidence.progress;
  if (seen.empty()) return;
  Verdict& verdict = each.verdict;
  const Progress& last = seen.back();
  if (last.size > 0)
    verdict.progress = std::min(1.0, static_cast<double>(last.done) / static_cast<double>(last.size));
  verdict.expected_end = expected_end(seen, each.evidence.running_since);
  const auto still = stalled_since(seen);
  if (still && each.now - *still > k_most_still)
    each.find({Reason::stuck,
               last.done >= last.size
                   ? "a backup has copied all, and has been waiting for " + age_text(*still, each.now)
                   : "a backup has copied nothing for " + age_text(*still, each.now)});
  const auto& cadence = verdict.cadence;
  if (cadence && verdict.expected_end && *verdict.expected_end > cadence->deadline &&
      each.now <= cadence->deadline)
    each.find({Reason::runs_long, "going by its progress the running backup will have ended at " +
                                      time_text(*verdict.expected_end) + ", and must have at " +
                                      time_text(cadence->deadline)});
}

/// Files that nothing tells about have no time of their own that could be trusted to the minute.
bool has_times(const Backup& backup) {
  return backup.state == State::complete && backup.start && backup.stop &&
         (backup.kind != Kind::dump || backup.set_is_told);
}

void judge_overlaps(Case& each) {
  if (each.verdict.runs > 1)
    each.find({Reason::overlapping, std::to_string(each.verdict.runs) + " backups run at once"});
  const auto& backups = each.repository.backups;
  const auto newest = std::ranges::find_if(backups.rbegin(), backups.rend(), has_times);
  if (newest == backups.rend()) return;
  for (const Backup& other : backups) {
    if (&other == &*newest || !has_times(other) || *other.start >= *newest->stop ||
        *newest->start >= *other.stop)
      continue;
    const bool is_later = *newest->start > *other.start;
    return each.find({Reason::overlapping, (is_later ? *newest : other).label + " began before " +
                                               (is_later ? other : *newest).label + " had ended"});
  }
}

/// By the schedule another should have begun since.
void judge_next(Case& each, Timestamp since) {
  const auto& schedule = each.source.policy.schedule;
  const auto next = schedule ? schedule->next(since + k_early) : std::nullopt;
  if (next && *next <= each.now)
    each.find({Reason::overlapping, "the backup that began at " + time_text(since) +
                                        " was still running when the next was due at " + time_text(*next)});
}

}  // namespace

void judge_runs(Case& each) {
  std::optional<Timestamp> since = each.evidence.running_since;
  const Run run = run_of(each.source.tool, each.evidence.reading.activity, each.evidence.server);
  std::size_t in_catalogue = 0;
  for (const Backup& backup : each.repository.backups) {
    if (backup.state != State::running) continue;
    // One that was killed may stand in the catalogue for ever: it overlaps with nothing.
    if (backup.start && !judge_length(each, *backup.start, backup.kind, backup.label)) continue;
    ++in_catalogue;
    if (backup.start) since = since ? std::min(*since, *backup.start) : *backup.start;
  }
  each.verdict.runs = std::max(run.count, in_catalogue);
  if (in_catalogue == 0 && since) (void)judge_length(each, *since, std::nullopt, "a backup");
  judge_progress(each);
  judge_overlaps(each);
  if (since) judge_next(each, *since);
}

}  // namespace pgvigil::backups
