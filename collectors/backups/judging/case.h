#pragma once

#include "collectors/backups/judging/verdict.h"

namespace pgvigil::backups {

/// One repository under judgement: what it is judged by, and the verdict as far as it has come.
struct Case {
  const Evidence& evidence;
  const Source& source;
  const Repository& repository;
  const Timestamp now;
  const Backup* basis = nullptr;     ///< what would be restored
  std::optional<Segment> wal_end{};  ///< the last to which a restore leads
  Verdict verdict{};

  /// The first reason decides; later ones stand beside it.
  void decide(Trouble trouble);
  void find(Trouble trouble);
  /// The end of the newest complete backup of this type, "any" or "full".
  std::optional<Timestamp> newest(std::string_view type) const;
  /// Whether a restore goes on beyond the backup.
  bool keeps_wal() const { return repository.keeps_wal || repository.archives_elsewhere; }
};

// The steps, in this order. Each adds what it finds.
void judge_recoverability(Case& each);  ///< the basis, and WAL after it
void judge_identity(Case& each);        ///< a part of that: whose backups they are
void judge_scope(Case& each);           ///< which databases and tablespaces are in it
void judge_ages(Case& each);            ///< how old, when the next is due, what has failed
void judge_runs(Case& each);            ///< what is under way, and when it will have ended
void judge_retention(Case& each);       ///< how far back, slots, what stays when old ones are removed
void judge_keeping(Case& each);         ///< encryption, keys, where they lie, the summaries of WAL
void judge_history(Case& each);  ///< sizes and durations against those before, and against the database
void judge_drills(Case& each);

void judge_size(Case& each);  ///< a part of the history

double seconds_between(Timestamp from, Timestamp to);
/// "3 days", "5 h", "12 min"
std::string age_text(Timestamp from, Timestamp now);
/// Of complete backups, in seconds; of all kinds without one.
std::vector<double> durations_of(const Repository& repository, std::optional<Kind> kind);

}  // namespace pgvigil::backups
