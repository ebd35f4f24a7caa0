#include <algorithm>

#include "collectors/backups/files/json_text.h"
#include "collectors/backups/judging/case.h"
#include "collectors/backups/model/wal.h"

namespace pgvigil::backups {
namespace {

constexpr std::chrono::hours k_key_warning{30 * 24};
/// Of the time for which summaries of WAL are kept: a backup that is older may find its own gone.
constexpr double k_summaries_warning = 0.7;

/// Which keys open the newest backup, and which opened the one before it.
void judge_recipients(Case& each) {
  const Backup* later = nullptr;
  const auto& backups = each.repository.backups;
  for (auto backup = backups.rbegin(); backup != backups.rend(); ++backup) {
    if (backup->state != State::complete || backup->recipients.empty()) continue;
    if (later != nullptr) {
      if (later->recipients != backup->recipients)
        each.find({Reason::recipients_changed,
                   later->label + " is encrypted for other keys than " + backup->label});
      return;
    }
    later = &*backup;
  }
}

void judge_encryption(Case& each) {
  const auto& expires = each.verdict.key_expires;
  if (each.source.policy.encrypted && each.verdict.encrypted == false)
    each.find(
        {Reason::not_encrypted, "the policy asks for encryption, and " + each.basis->label + " has none"});
  if (expires && *expires - each.now < k_key_warning)
    each.find({Reason::key_expires, "the key expires at " + time_text(*expires)});
  judge_recipients(each);
}

/// An incremental base backup (since 17) reads summaries of all WAL since the backup that it builds upon.
void judge_summaries(Case& each) {
  const LiveServer* server = each.evidence.server;
  if (each.source.tool != Tool::base_backups || server == nullptr || !server->summaries ||
      each.basis == nullptr)
    return;
  const auto start = parse_lsn(each.basis->lsn_start);
  const auto& summaries = *server->summaries;
  const std::string label = each.basis->label;
  if (start && summaries.oldest && *summaries.oldest > *start)
    return each.find({Reason::summaries_gone,
                      "no incremental backup can build upon " + label + ": summaries of its WAL are gone"});
  if (!each.basis->stop || summaries.kept.count() == 0) return;
  if (seconds_between(*each.basis->stop, each.now) >
      k_summaries_warning * std::chrono::duration<double>(summaries.kept).count())
    each.find({Reason::summaries_gone, "soon no incremental backup can build upon " + label +
                                           ": summaries of WAL are kept for " +
                                           age_text(each.now - summaries.kept, each.now)});
}

/// Where nobody sees the place, nothing is said.
void judge_place(Case& each) {
  Verdict& verdict = each.verdict;
  const Place place = verdict.place = each.repository.place;
  const Policy& policy = each.source.policy;
  if (place != Place::unknown) verdict.off_host = place == Place::other_host || place == Place::object_store;
  if (place == Place::same_volume)
    each.find(
        {Reason::same_volume, "the backups are on the file system of the database: they are lost with it"});
  else if (policy.off_host && verdict.off_host == false)
    each.find({Reason::not_off_host,
               "the policy asks for another host, and the backups are on that of the database"});
  // What is seen goes before what is declared.
  verdict.immutable = each.repository.immutable;
  if (each.source.immutable && !verdict.immutable) verdict.immutable = true;
  if (each.source.immutable && verdict.immutable == false)
    each.find({Reason::not_immutable,
               "the storage is declared immutable, and files of " + each.verdict.basis + " can be removed"});
  else if (policy.immutable && !verdict.immutable.value_or(false))
    each.find({Reason::not_immutable,
               "the policy asks for storage that nobody can change, and nothing shows that this is such"});
}

}  // namespace

void judge_keeping(Case& each) {
  judge_encryption(each);
  judge_summaries(each);
  judge_place(each);
}

}  // namespace pgvigil::backups
