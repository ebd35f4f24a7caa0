#include <algorithm>

#include "collectors/backups/files/json_text.h"
#include "collectors/backups/judging/case.h"
#include "collectors/backups/judging/soundness.h"

namespace pgvigil::backups {
namespace {

/// A cluster is given so long until its first backup.
constexpr std::chrono::hours k_first_backup{24};

void judge_slots(Case& each) {
  each.verdict.slots = slots_of(each.repository.backups, each.source.policy);
  for (const Slots& slots : each.verdict.slots)
    if (slots.filled < slots.due)
      each.find({Reason::slots_missing, std::to_string(slots.due - slots.filled) + " of the last " +
                                            std::to_string(slots.due) + " " + std::string(slots.slot) +
                                            " slots are empty"});
}

/// When the cluster was made: the upper half of its system identifier is that time in seconds (BootStrapXLOG
/// in xlog.c).
std::optional<Timestamp> birth_of(const Case& each) {
  std::optional<std::uint64_t> identifier =
      each.basis == nullptr ? std::nullopt : each.basis->system_identifier;
  if (!identifier && each.evidence.server != nullptr) identifier = each.evidence.server->system_identifier;
  if (!identifier) return std::nullopt;
  return Timestamp{std::chrono::seconds{*identifier >> 32}};
}

/// The moment that lies so far back; but nothing is asked of the time before the cluster had its first
/// backup.
Timestamp wanted_since(const Case& each, std::chrono::milliseconds back) {
  const Timestamp wanted = each.now - back;
  const auto birth = birth_of(each);
  return birth ? std::max(wanted, *birth + k_first_backup) : wanted;
}

/// Whether all WAL that the server has finished is in the archive: then a restore leads to now, however idle
/// it is.
bool has_all_wal(const Case& each) {
  if (each.repository.archives_elsewhere) return each.verdict.because.reason == Reason::none;
  const LiveServer* server = each.evidence.server;
  if (server == nullptr || !server->wal_position || !each.wal_end || server->wal_segment_size == 0)
    return false;
  return each.wal_end->number + 1 >= *server->wal_position / server->wal_segment_size;
}

/// From the oldest moment on, without a gap, to the newest.
void judge_window(Case& each) {
  Verdict& verdict = each.verdict;
  if (!each.keeps_wal() || !verdict.since || !verdict.until) return;
  const Timestamp end = has_all_wal(each) ? std::max(each.now, *verdict.until) : *verdict.until;
  verdict.window_seconds = std::max(0.0, seconds_between(*verdict.since, end));
  const auto window = each.source.policy.window;
  if (window.count() == 0) return;
  const Timestamp wanted = wanted_since(each, window);
  if (*verdict.window_seconds >= seconds_between(wanted, each.now)) return;
  each.find({Reason::window_short, "any moment of " + age_text(*verdict.since, end) +
                                       " can be restored, from " + time_text(*verdict.since) +
                                       " on, and the policy asks for " +
                                       age_text(each.now - window, each.now)});
}

bool is_sound(const Case& each, const Backup& backup) {
  return !trouble_of_backup(backup, each.repository);
}

void judge_oldest(Case& each) {
  const auto& backups = each.repository.backups;
  const auto oldest = std::ranges::find_if(
      backups, [&](const Backup& backup) { return backup.stop && is_sound(each, backup); });
  if (oldest == backups.end()) return;
  each.verdict.oldest = oldest->stop;
  const auto back = each.source.policy.oldest;
  if (back.count() > 0 && *oldest->stop > wanted_since(each, back))
    each.find({Reason::retention_short, "the oldest sound backup is " + age_text(*oldest->stop, each.now) +
                                            " old, and the policy asks for " +
                                            age_text(each.now - back, each.now)});
}

/// A damaged backup counts for the tool's retention as a good one does, and pushes it out.
void judge_expiry(Case& each) {
  std::size_t staying = 0;
  bool is_told = false;
  for (const Backup& backup : each.repository.backups) {
    if (!stands_alone(backup.kind) || !backup.expires) continue;
    is_told = true;
    if (!*backup.expires && is_sound(each, backup)) ++staying;
  }
  if (!is_told) return;
  each.verdict.after_expiry = staying;
  const std::size_t least = each.source.policy.least;
  if (staying < least)
    each.find({Reason::expiry_leaves_few, "the next expiry leaves " + std::to_string(staying) +
                                              " sound backups that stand alone, and " +
                                              std::to_string(least) + " must stay"});
}

}  // namespace

void judge_retention(Case& each) {
  judge_window(each);
  judge_oldest(each);
  judge_slots(each);
  judge_expiry(each);
}

}  // namespace pgvigil::backups
