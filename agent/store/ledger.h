#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/store/room.h"
#include "agent/store/store.h"
#include "rules/advice/standing.h"

namespace pgvigil::agent {

// What survives a restart of advice: how findings stand, and what somebody dismissed.

extern const StoreRoom k_ledger_room;

/// A server's name, and the id of the advice.
using LedgerKey = std::pair<std::string, std::string>;

struct LedgerEntry {
  std::string kind;
  std::string datname;  ///< empty: of the server as a whole
  rules::advice::Standing standing;
};
using Ledger = std::map<LedgerKey, LedgerEntry>;

/// Somebody does not want to be told, for a reason, until a time.
struct Dismissal {
  std::string reason;
  Timestamp until;
};
using Dismissals = std::map<LedgerKey, Dismissal>;

std::expected<Ledger, Error> load_ledger(Store& store);
void save_entry(Transaction& transaction, const LedgerKey& key, const LedgerEntry& entry);
void remove_entry(Transaction& transaction, const LedgerKey& key);

/// Those that are over by `now` are left out.
std::expected<Dismissals, Error> load_dismissals(Store& store, Timestamp now);
/// Replaces an older one of the same advice; those that are over by `now` go.
std::expected<void, Error> save_dismissal(Store& store,
                                          const LedgerKey& key,
                                          const Dismissal& dismissal,
                                          Timestamp now);

}  // namespace pgvigil::agent
