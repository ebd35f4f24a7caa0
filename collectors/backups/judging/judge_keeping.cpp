#include <algorithm>

#include "collectors/backups/files/json_text.h"
#include "collectors/backups/judging/case.h"
#include "collectors/backups/model/wal.h"

namespace pgvigil::backups {
namespace {

constexpr std::chrono::hours k_key_warning{30 * 24};
/// Of the time for which summaries of WAL are kept: a backup that is older may find its own gone.
constexpr double k_summaries_warning = 0.7;

void judge_slots(Case& each) {
  each.verdict.slots = slots_of(each.repository.backups, each.source.policy);
  for (const Slots& slots : each.verdict.slots)
    if (slots.filled < slots.due)
      each.find({Reason::slots_missing, std::to_string(slots.due - slots.filled) + " of the last " +
                                            std::to_string(slots.due) + " " + std::string(slots.slot) + " slots are empty"});
}

/// Which keys open the newest backup, and which opened the one before it.
void judge_recipients(Case& each) {
  const Backup* later = nullptr;
  const auto& backups = each.repository.backups;
  for (auto backup = backups.rbegin(); backup != backups.rend(); ++backup) {
    if (backup->state != State::complete || backup->recipients.empty()) continue;
    if (later != nullptr) {
      if (later->recipients != backup->recipients)
        each.find({Reason::recipients_changed, later->label + " is encrypted for other keys than " + backup->label});
      return;
    }
    later = &*backup;
  }
}

void judge_encryption(Case& each) {
  const auto& expires = each.verdict.key_expires;
  if (each.source.policy.encrypted && each.verdict.encrypted == false)
    each.find({Reason::not_encrypted, "the policy asks for encryption, and " + each.basis->label + " has none"});
  if (expires && *expires - each.now < k_key_warning)
    each.find({Reason::key_expires, "the key expires at " + time_text(*expires)});
  judge_recipients(each);
}

/// An incremental base backup (since 17) reads summaries of all WAL since the backup that it builds upon.
void judge_summaries(Case& each) {
  const LiveServer* server = each.evidence.server;
  if (each.source.tool != Tool::base_backups || server == nullptr || !server->summaries || each.basis == nullptr) return;
  const auto start = parse_lsn(each.basis->lsn_start);
  const auto& summaries = *server->summaries;
  const std::string label = each.basis->label;
  if (start && summaries.oldest && *summaries.oldest > *start)
    return each.find({Reason::summaries_gone, "no incremental backup can build upon " + label + ": summaries of its WAL are gone"});
  if (!each.basis->stop || summaries.kept.count() == 0) return;
  if (seconds_between(*each.basis->stop, each.now) > k_summaries_warning * std::chrono::duration<double>(summaries.kept).count())
    each.find({Reason::summaries_gone, "soon no incremental backup can build upon " + label + ": summaries of WAL are kept for " +
                                           age_text(each.now - summaries.kept, each.now)});
}

}  // namespace

void judge_keeping(Case& each) {
  judge_slots(each);
  judge_encryption(each);
  judge_summaries(each);
  if (each.repository.same_volume.value_or(false))
    each.find({Reason::same_volume, "the backups are on the file system of the database: they are lost with it"});
}

}  // namespace pgvigil::backups
