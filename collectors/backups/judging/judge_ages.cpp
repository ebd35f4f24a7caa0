#include <algorithm>

#include "collectors/backups/files/json_text.h"
#include "collectors/backups/judging/case.h"

namespace pgvigil::backups {
namespace {

void judge_age(Case& each) {
  const Policy& policy = each.source.policy;
  const auto newest = each.newest("any");
  if (!newest) return;
  if (each.now - *newest > policy.max_age) {
    Trouble trouble{Reason::too_old, "the newest backup is " + age_text(*newest, each.now) + " old"};
    // With WAL a restore still leads to now; without, all since then is lost.
    each.keeps_wal() ? each.find(std::move(trouble)) : each.decide(std::move(trouble));
  }
  const auto full = each.newest("full");
  if (each.keeps_wal() && full && each.now - *full > policy.max_age_full)
    each.find({Reason::full_too_old, "the newest full backup is " + age_text(*full, each.now) + " old"});
}

/// A backup that is late shows itself long before it is too old.
void judge_deadline(Case& each) {
  if (each.repository.trouble) return;
  each.verdict.cadence = cadence_of(each.repository, each.source.policy, each.now);
  const auto& cadence = each.verdict.cadence;
  if (!cadence || each.now <= cadence->deadline) return;
  each.find({Reason::overdue,
             (cadence->scheduled ? "a backup was due at " : "going by those before, a backup was due at ") +
                 time_text(cadence->expected) + ", and there is none since"});
}

/// One that is suspended beside another that goes on is an old one.
void judge_timetables(Case& each) {
  const auto& all = each.repository.timetables;
  if (all.empty() || !std::ranges::all_of(all, &Timetable::suspended)) return;
  each.find({Reason::suspended,
             "the schedule " + all.front().name + " of backups is suspended, and there is no other"});
}

/// When the last one began, as the tool, whoever takes them, or a look at the running one tells.
void note_last_attempt(Case& each) {
  auto& last = each.verdict.last_attempt;
  const auto note = [&](const std::optional<Timestamp>& time) {
    if (time && (!last || *time > *last)) last = time;
  };
  for (const Backup& backup : each.repository.backups)
    note(backup.start ? backup.start : backup.stop);
  for (const Timetable& timetable : each.repository.timetables)
    note(timetable.last);
  note(each.evidence.attempt_seen);
}

void judge_attempts(Case& each) {
  const auto newest = each.newest("any");
  for (const Backup& backup : each.repository.backups) {
    const auto when = backup.stop ? backup.stop : backup.start;
    const bool is_later = !newest || (when && *when > *newest);
    if (backup.state == State::failed && is_later)
      each.find({Reason::last_failed, backup.label + ": " + (backup.why.empty() ? "it failed" : backup.why)});
  }
}

}  // namespace

void judge_ages(Case& each) {
  judge_age(each);
  judge_deadline(each);
  judge_timetables(each);
  note_last_attempt(each);
  judge_attempts(each);
}

}  // namespace pgvigil::backups
