#include "collectors/backups/verdict.h"

#include <algorithm>
#include <array>

#include "collectors/backups/json_text.h"
#include "collectors/backups/soundness.h"

namespace pgvigil::backups {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

/// Clocks that differ by less are in order.
constexpr minutes k_most_skew{5};
constexpr hours k_key_warning{30 * 24};
/// No backup is called stuck before this.
constexpr hours k_least_stuck{6};
/// Sizes within half as much again, and times within twice as much, are no jump.
constexpr double k_least_size_jump = 1.5;
constexpr double k_least_duration_jump = 2;

double seconds_between(Timestamp from, Timestamp to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string age_text(Timestamp from, Timestamp now) {
  const auto whole = std::chrono::duration_cast<hours>(now - from).count();
  if (whole >= 48) return std::to_string(whole / 24) + " days";
  if (whole >= 1) return std::to_string(whole) + " h";
  return std::to_string(std::chrono::duration_cast<minutes>(now - from).count()) + " min";
}

/// Judges one repository, step by step, into a verdict.
class Judge {
 public:
  Judge(const Evidence& evidence, const Repository& repository, Timestamp now)
      : evidence_(evidence), source_(evidence.source), repository_(repository), now_(now) {
    verdict_.repository = repository.key;
  }

  Verdict run() {
    count();
    if (repository_.trouble)
      decide(*repository_.trouble);
    else
      choose_basis();
    judge_identity();
    judge_clock();
    judge_set();
    judge_age();
    judge_attempts();
    judge_keeping();
    judge_trend();
    judge_drills();
    for (const Trouble& check : repository_.checks)
      find(check);
    if (verdict_.because.reason == Reason::none) verdict_.answer = Answer::recoverable;
    return std::move(verdict_);
  }

 private:
  /// The first reason decides; later ones stand beside it.
  void decide(Trouble trouble) {
    if (verdict_.because.reason != Reason::none) return find(std::move(trouble));
    verdict_.answer = leaves_open(trouble.reason) ? Answer::unknown : Answer::not_recoverable;
    verdict_.because = std::move(trouble);
  }
  void find(Trouble trouble) { verdict_.findings.push_back(std::move(trouble)); }

  void count() {
    for (const Backup& backup : repository_.backups) {
      ++verdict_.count[backup.state];
      if (backup.state != State::complete || !backup.stop) continue;
      // A full one counts as differential, and both as incremental: a schedule takes them in turn.
      const auto note = [&](std::string_view type) {
        auto& newest = verdict_.newest.try_emplace(type, *backup.stop).first->second;
        newest = std::max(newest, *backup.stop);
      };
      if (stands_alone(backup.kind)) note("full");
      if (backup.kind != Kind::incremental) note("diff");
      note("incr");
      note("any");
    }
  }

  /// The newest backup that can be restored, and how far from there.
  void choose_basis() {
    std::optional<Trouble> first;
    bool waiting = false;
    for (auto backup = repository_.backups.rbegin(); backup != repository_.backups.rend(); ++backup) {
      if (backup->state == State::running || backup->state == State::failed) continue;
      Soundness soundness = soundness_of(*backup, repository_);
      if (soundness.trouble) {
        // One that waits for its last WAL is on its way: it matters only where there is nothing else.
        waiting = waiting || backup->state == State::waiting_for_wal;
        if (!first && backup->state != State::waiting_for_wal) first = std::move(soundness.trouble);
        continue;
      }
      basis_ = &*backup;
      take_basis(soundness);
      break;
    }
    if (basis_ == nullptr)
      decide(first.value_or(waiting ? Trouble{Reason::no_whole_backup, "the only backup waits for its last WAL"}
                                    : Trouble{Reason::no_backups, "no backup was ever finished"}));
    else if (first)
      find(std::move(*first));
  }

  void take_basis(const Soundness& soundness) {
    verdict_.basis = basis_->label;
    verdict_.encrypted = basis_->encrypted;
    verdict_.key_expires = basis_->key_expires;
    // A dump shows the database as it was when it began.
    verdict_.until = basis_->kind == Kind::dump ? basis_->start : basis_->stop;
    verdict_.since = repository_.first_recoverable;
    if (!soundness.wal) return;
    const WalRun& wal = *soundness.wal;
    verdict_.until = std::max(basis_->stop.value_or(wal.last_time), wal.last_time);
    verdict_.since = window_start(wal);
    if (!wal.missing) return;
    verdict_.wal_missing = wal.missing_count;
    decide({Reason::wal_gap, "WAL segment " + segment_name(*wal.missing, repository_.wal->segment_size) +
                                 " is missing after " + basis_->label + ", and later ones are there"});
  }

  /// The stop of the oldest backup from which WAL leads on to the end of `run` without a hole.
  std::optional<Timestamp> window_start(const WalRun& run) const {
    for (const Backup& backup : repository_.backups) {
      const Soundness soundness = soundness_of(backup, repository_);
      if (!soundness.trouble && soundness.wal && soundness.wal->last == run.last) return backup.stop;
    }
    return basis_->stop;
  }

  void judge_identity() {
    if (evidence_.server == nullptr || basis_ == nullptr || !basis_->system_identifier) return;
    if (*basis_->system_identifier == evidence_.server->system_identifier) return;
    decide({Reason::other_cluster, "the newest backup is of cluster " + std::to_string(*basis_->system_identifier) +
                                       ", and cluster " + std::to_string(evidence_.server->system_identifier) +
                                       " runs"});
  }

  void judge_clock() {
    const auto newest = verdict_.newest.find("any");
    if (newest == verdict_.newest.end() || newest->second <= now_ + k_most_skew) return;
    decide({Reason::clock, "the newest backup ended at " + time_text(newest->second) + ", and it is " +
                               time_text(now_) + " now"});
  }

  /// Every database must be in the set of dumps. One that was created since waits for the next set.
  void judge_set() {
    if (basis_ == nullptr || basis_->kind != Kind::dump) return;
    const bool is_named = !source_.databases.empty();
    if (!is_named && evidence_.server == nullptr) return;
    bool was_expected = false;
    for (const std::string& database : is_named ? source_.databases : evidence_.server->databases) {
      if (std::ranges::find(basis_->databases, database) != basis_->databases.end()) continue;
      verdict_.databases_missing.push_back(database);
      was_expected = was_expected || !basis_->set_is_told ||
                     std::ranges::find(basis_->expected, database) != basis_->expected.end();
    }
    if (verdict_.databases_missing.empty()) return;
    Trouble trouble{Reason::set_incomplete,
                    "database " + verdict_.databases_missing.front() + " is not in " + basis_->label};
    was_expected ? decide(std::move(trouble)) : find(std::move(trouble));
  }

  bool keeps_wal() const { return repository_.keeps_wal || repository_.archives_elsewhere; }

  void judge_age() {
    const Policy& policy = source_.policy;
    const auto newest = verdict_.newest.find("any");
    if (newest == verdict_.newest.end()) return;
    if (now_ - newest->second > policy.max_age) {
      Trouble trouble{Reason::too_old, "the newest backup is " + age_text(newest->second, now_) + " old"};
      // With WAL a restore still leads to now; without, all since then is lost.
      keeps_wal() ? find(std::move(trouble)) : decide(std::move(trouble));
    }
    const auto full = verdict_.newest.find("full");
    if (keeps_wal() && full != verdict_.newest.end() && now_ - full->second > policy.max_age_full)
      find({Reason::full_too_old, "the newest full backup is " + age_text(full->second, now_) + " old"});
  }

  void judge_attempts() {
    const auto newest = verdict_.newest.find("any");
    for (const Backup& backup : repository_.backups) {
      const auto when = backup.stop ? backup.stop : backup.start;
      const bool is_later = newest == verdict_.newest.end() || (when && *when > newest->second);
      if (backup.state == State::failed && is_later)
        find({Reason::last_failed, backup.label + ": " + (backup.why.empty() ? "it failed" : backup.why)});
      if (backup.state == State::running && backup.start)
        note_running(seconds_between(*backup.start, now_), backup.label);
    }
    if (evidence_.running_since) note_running(seconds_between(*evidence_.running_since, now_), "a backup");
  }

  void note_running(double seconds, const std::string& who) {
    verdict_.running_seconds = std::max(verdict_.running_seconds.value_or(0), seconds);
    double limit = std::chrono::duration<double>(k_least_stuck).count();
    for (const double each : durations(std::nullopt))
      limit = std::max(limit, 4 * each);
    if (seconds > limit) find({Reason::stuck, who + " has been running for " + std::to_string(static_cast<long>(seconds / 3600)) + " h"});
  }

  void judge_keeping() {
    const Policy& policy = source_.policy;
    verdict_.slots = slots_of(repository_.backups, policy);
    for (const Slots& slots : verdict_.slots)
      if (slots.filled < slots.due)
        find({Reason::slots_missing, std::to_string(slots.due - slots.filled) + " of the last " +
                                         std::to_string(slots.due) + " " + std::string(slots.slot) + " slots are empty"});
    if (policy.encrypted && verdict_.encrypted == false)
      find({Reason::not_encrypted, "the policy asks for encryption, and " + basis_->label + " has none"});
    if (verdict_.key_expires && *verdict_.key_expires - now_ < k_key_warning)
      find({Reason::key_expires, "the key expires at " + time_text(*verdict_.key_expires)});
  }

  std::vector<double> durations(std::optional<Kind> kind) const {
    std::vector<double> all;
    for (const Backup& backup : repository_.backups)
      if (backup.state == State::complete && backup.start && backup.stop && (!kind || backup.kind == *kind))
        all.push_back(seconds_between(*backup.start, *backup.stop));
    return all;
  }

  /// The newest complete backup, against those of its kind.
  void judge_trend() {
    const auto newest = std::ranges::find_if(repository_.backups.rbegin(), repository_.backups.rend(),
                                             [](const Backup& backup) { return backup.state == State::complete; });
    if (newest == repository_.backups.rend()) return;
    std::vector<double> sizes;
    for (const Backup& backup : repository_.backups)
      if (backup.state == State::complete && backup.kind == newest->kind && backup.sizes.any())
        sizes.push_back(static_cast<double>(*backup.sizes.any()));
    verdict_.size = trend_of(sizes, k_least_size_jump);
    verdict_.duration = trend_of(durations(newest->kind), k_least_duration_jump);
    if (!verdict_.size || !verdict_.size->jumped) return;
    const auto percent = static_cast<long>(verdict_.size->ratio * 100);
    find({Reason::size_jumped, newest->label + " has " + std::to_string(percent) + " % of the usual size"});
  }

  bool is_of_this(const Drill& drill) const {
    const bool is_dump = source_.tool == Tool::dumps;
    if (is_dump != (drill.tool == "dump")) return false;
    if (!is_dump && drill.tool != to_string(source_.tool)) return false;
    if (!is_dump && !drill.stanza.empty() && drill.stanza != evidence_.reading.stanza) return false;
    return drill.repository.empty() || repository_.key.empty() || is_dump || drill.repository == repository_.key;
  }

  void judge_drills() {
    const Drill* newest = nullptr;
    for (const Drill& drill : evidence_.drills) {
      if (!is_of_this(drill)) continue;
      newest = &drill;
      if (!drill.passed) continue;
      verdict_.restored = drill.finished;
      verdict_.restore_seconds = drill.restore_seconds;
    }
    take_annotations();
    if (newest != nullptr) verdict_.drill_passed = newest->passed;
    if (newest != nullptr && !newest->passed) {
      Trouble trouble{Reason::drill_failed, "the drill of " + newest->label + " failed: " + newest->why};
      const bool is_basis = basis_ != nullptr && newest->label == basis_->label;
      is_basis ? decide(std::move(trouble)) : find(std::move(trouble));
    }
    const auto within = source_.policy.restored_within;
    if (within.count() > 0 && (!verdict_.restored || now_ - *verdict_.restored > within))
      find({Reason::not_rehearsed, verdict_.restored ? "the last restore drill that succeeded was " +
                                                           age_text(*verdict_.restored, now_) + " ago"
                                                     : "no restore drill has succeeded yet"});
  }

  /// pgBackRest keeps the result of a drill with the backup itself.
  void take_annotations() {
    for (const Backup& backup : repository_.backups) {
      const auto note = backup.annotations.find("restore-verified");
      if (note == backup.annotations.end()) continue;
      const auto when = parse_time(note->second);
      if (when && (!verdict_.restored || *when > *verdict_.restored)) verdict_.restored = when;
    }
  }

  const Evidence& evidence_;
  const Source& source_;
  const Repository& repository_;
  const Timestamp now_;
  const Backup* basis_ = nullptr;
  Verdict verdict_;
};

}  // namespace

std::string_view to_string(Answer answer) {
  constexpr std::array<std::string_view, 3> k_words = {"recoverable", "not_recoverable", "unknown"};
  return k_words.at(static_cast<std::size_t>(answer));
}

std::vector<Verdict> judge(const Evidence& evidence, Timestamp now) {
  std::vector<Verdict> verdicts;
  if (evidence.reading.trouble || evidence.reading.repositories.empty()) {
    Repository nowhere;
    nowhere.trouble = evidence.reading.trouble.value_or(Trouble{Reason::no_backups, "there is no repository"});
    verdicts.push_back(Judge(evidence, nowhere, now).run());
    return verdicts;
  }
  for (const Repository& repository : evidence.reading.repositories)
    verdicts.push_back(Judge(evidence, repository, now).run());
  return verdicts;
}

std::string sentence(const Verdict& verdict) {
  switch (verdict.answer) {
    case Answer::recoverable:
      return verdict.until ? "recoverable until " + time_text(*verdict.until) : "recoverable";
    case Answer::not_recoverable:
      return "not recoverable: " + verdict.because.text;
    case Answer::unknown:
      break;
  }
  return "cannot tell: " + verdict.because.text;
}

}  // namespace pgvigil::backups
