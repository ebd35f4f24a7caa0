#include <algorithm>

#include "collectors/backups/files/json_text.h"
#include "collectors/backups/judging/case.h"
#include "collectors/backups/judging/soundness.h"

namespace pgvigil::backups {
namespace {

/// Clocks that differ by less are in order.
constexpr std::chrono::minutes k_most_skew{5};

/// The stop of the oldest backup from which WAL leads on to the end of `run` without a hole.
std::optional<Timestamp> window_start(const Case& each, const WalRun& run) {
  for (const Backup& backup : each.repository.backups) {
    const Soundness soundness = soundness_of(backup, each.repository);
    if (!soundness.trouble && soundness.wal && soundness.wal->last == run.last) return backup.stop;
  }
  return each.basis->stop;
}

void take_basis(Case& each, const Soundness& soundness) {
  Verdict& verdict = each.verdict;
  const Backup& basis = *each.basis;
  verdict.basis = basis.label;
  verdict.encrypted = basis.encrypted;
  verdict.key_expires = basis.key_expires;
  // A dump shows the database as it was when it began.
  verdict.until = basis.kind == Kind::dump ? basis.start : basis.stop;
  verdict.since = each.repository.first_recoverable;
  if (!soundness.wal) return;
  const WalRun& wal = *soundness.wal;
  each.wal_end = wal.last;
  verdict.until = std::max(basis.stop.value_or(wal.last_time), wal.last_time);
  verdict.since = window_start(each, wal);
  if (!wal.missing) return;
  verdict.wal_missing = wal.missing_count;
  each.decide({Reason::wal_gap, "WAL segment " +
                                    segment_name(*wal.missing, each.repository.wal->segment_size) +
                                    " is missing after " + basis.label + ", and later ones are there"});
}

/// The newest backup that can be restored, and how far from there.
void choose_basis(Case& each) {
  std::optional<Trouble> first;
  bool waiting = false;
  const auto& backups = each.repository.backups;
  for (auto backup = backups.rbegin(); backup != backups.rend(); ++backup) {
    if (backup->state == State::running || backup->state == State::failed) continue;
    Soundness soundness = soundness_of(*backup, each.repository);
    if (soundness.trouble) {
      // One that waits for its last WAL is on its way: it matters only where there is nothing else.
      waiting = waiting || backup->state == State::waiting_for_wal;
      if (!first && backup->state != State::waiting_for_wal) first = std::move(soundness.trouble);
      continue;
    }
    each.basis = &*backup;
    take_basis(each, soundness);
    break;
  }
  if (each.basis == nullptr)
    each.decide(
        first.value_or(waiting ? Trouble{Reason::no_whole_backup, "the only backup waits for its last WAL"}
                               : Trouble{Reason::no_backups, "no backup was ever finished"}));
  else if (first)
    each.find(std::move(*first));
}

void judge_clock(Case& each) {
  const auto newest = each.newest("any");
  if (!newest || *newest <= each.now + k_most_skew) return;
  each.decide({Reason::clock, "the newest backup ended at " + time_text(*newest) + ", and it is " +
                                  time_text(each.now) + " now"});
}

}  // namespace

void judge_recoverability(Case& each) {
  if (each.repository.trouble)
    each.decide(*each.repository.trouble);
  else
    choose_basis(each);
  judge_identity(each);
  judge_clock(each);
}

}  // namespace pgvigil::backups
