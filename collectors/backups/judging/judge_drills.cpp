#include <algorithm>
#include <array>

#include "collectors/backups/files/json_text.h"
#include "collectors/backups/judging/case.h"

namespace pgvigil::backups {
namespace {

bool is_of(const Case& each, const Drill& drill) {
  const bool is_dump = each.source.tool == Tool::dumps;
  if (is_dump != (drill.tool == "dump")) return false;
  if (!is_dump && drill.tool != to_string(each.source.tool)) return false;
  if (!is_dump && !drill.stanza.empty() && drill.stanza != each.evidence.reading.stanza) return false;
  return drill.repository.empty() || each.repository.key.empty() || is_dump ||
         drill.repository == each.repository.key;
}

/// Of a backup that is no longer there: labels of pgBackRest end with F, D or I.
std::optional<Kind> kind_of_label(const Case& each, const std::string& label) {
  if (each.source.tool == Tool::dumps) return Kind::dump;
  if (each.source.tool != Tool::pgbackrest || label.empty()) return std::nullopt;
  constexpr std::array<std::pair<char, Kind>, 3> k_ends = {
      {{'F', Kind::full}, {'D', Kind::differential}, {'I', Kind::incremental}}};
  const auto found = std::ranges::find(k_ends, label.back(), &std::pair<char, Kind>::first);
  return found == k_ends.end() ? std::nullopt : std::optional(found->second);
}

/// Of the newest drill of each kind.
void note_restore(Case& each, const std::string& label, Timestamp when) {
  const auto restored = std::ranges::find(each.repository.backups, label, &Backup::label);
  const auto kind = restored == each.repository.backups.end() ? kind_of_label(each, label) : restored->kind;
  if (!kind) return;
  Timestamp& newest = each.verdict.restored_by_kind.try_emplace(*kind, when).first->second;
  newest = std::max(newest, when);
}

/// pgBackRest keeps the result of a drill with the backup itself.
void take_annotations(Case& each) {
  auto& restored = each.verdict.restored;
  for (const Backup& backup : each.repository.backups) {
    const auto note = backup.annotations.find("restore-verified");
    if (note == backup.annotations.end()) continue;
    const auto when = parse_time(note->second);
    if (when) note_restore(each, backup.label, *when);
    if (when && (!restored || *when > *restored)) restored = when;
  }
}

const Drill* take_results(Case& each) {
  const Drill* newest = nullptr;
  for (const Drill& drill : each.evidence.drills) {
    if (!is_of(each, drill)) continue;
    newest = &drill;
    if (!drill.passed) continue;
    each.verdict.restored = drill.finished;
    if (drill.finished) note_restore(each, drill.label, *drill.finished);
    each.verdict.restore_seconds = drill.restore_seconds;
  }
  return newest;
}

}  // namespace

void judge_drills(Case& each) {
  Verdict& verdict = each.verdict;
  const Drill* newest = take_results(each);
  take_annotations(each);
  if (newest != nullptr) verdict.drill_passed = newest->passed;
  if (newest != nullptr && !newest->passed) {
    Trouble trouble{Reason::drill_failed, "the drill of " + newest->label + " failed: " + newest->why};
    const bool is_basis = each.basis != nullptr && newest->label == each.basis->label;
    is_basis ? each.decide(std::move(trouble)) : each.find(std::move(trouble));
  }
  const auto within = each.source.policy.restored_within;
  if (within.count() > 0 && (!verdict.restored || each.now - *verdict.restored > within))
    each.find({Reason::not_rehearsed, verdict.restored ? "the last restore drill that succeeded was " +
                                                             age_text(*verdict.restored, each.now) + " ago"
                                                       : "no restore drill has succeeded yet"});
}

}  // namespace pgvigil::backups
