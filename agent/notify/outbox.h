#pragma once

#include <expected>
#include <map>
#include <string>
#include <vector>

#include "agent/notify/matching/silence.h"
#include "agent/notify/planning/group.h"
#include "agent/store/room.h"
#include "agent/store/store.h"

namespace pgvigil::agent {

// What survives a restart of what is told: alerts that somebody must be told of, what receivers know, and
// silences.

extern const StoreRoom k_outbox_room;

/// Adds the alert, or replaces what is kept of the one with its labels.
void save_outbox_alert(Transaction& transaction, const notify::Alert& alert);
/// Forgets the episode that began at `fired_at`, unless the alert fires again.
void forget_outbox_alert(Transaction& transaction, const std::string& fingerprint, Timestamp fired_at);
/// What is kept of the evidence of the alert's episode: which looks, and what is still wanted. The looks
/// themselves are stored once, however many alerts have them.
void save_dossier(Transaction& transaction, const notify::Alert& alert);
void save_evidence(Transaction& transaction, const notify::Evidence& evidence);
/// Forgets what no alert has any more.
void forget_unused_evidence(Transaction& transaction);
/// What a receiver knows of a group; a state in which nothing is told forgets it.
void save_outbox_group(Transaction& transaction,
                       const std::string& receiver,
                       const std::string& group,
                       const notify::GroupState& state);
void save_silence(Transaction& transaction, const notify::Silence& silence);
void forget_silence(Transaction& transaction, const std::string& id);

struct Outbox {
  std::vector<notify::Alert> alerts;
  std::map<std::string, std::map<std::string, notify::GroupState>> groups;  ///< by receiver and key
  std::vector<notify::Silence> silences;
};

/// All of it. A row that cannot be read is left out.
std::expected<Outbox, Error> load_outbox(Store& store);

}  // namespace pgvigil::agent
