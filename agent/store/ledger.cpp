#include "agent/store/ledger.h"

#include <array>

namespace pgvigil::agent {
namespace {

constexpr std::array<std::string_view, 1> k_steps = {R"(
CREATE TABLE advice (
  server TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, datname TEXT NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
  found INTEGER NOT NULL, missed INTEGER NOT NULL, open INTEGER NOT NULL,
  PRIMARY KEY (server, id)) WITHOUT ROWID;
CREATE TABLE advice_dismissals (
  server TEXT NOT NULL, id TEXT NOT NULL, reason TEXT NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY (server, id)) WITHOUT ROWID;
)"};

}  // namespace

const StoreRoom k_ledger_room{"ledger", k_steps};

std::expected<Ledger, Error> load_ledger(Store& store) {
  auto transaction = store.begin();
  if (!transaction) return std::unexpected(transaction.error());
  Ledger ledger;
  const auto read = transaction->query(
      "SELECT server, id, kind, datname, first_seen, last_seen, found, missed, open FROM advice", {},
      [&](const SqlRow& row) {
        ledger.emplace(LedgerKey{row.text(0), row.text(1)},
                       LedgerEntry{std::string(row.text(2)),
                                   std::string(row.text(3)),
                                   {.first_seen = row.time(4),
                                    .last_seen = row.time(5),
                                    .found = static_cast<int>(row.integer(6)),
                                    .missed = static_cast<int>(row.integer(7)),
                                    .open = row.integer(8) != 0}});
      });
  if (!read) return std::unexpected(read.error());
  return ledger;
}

void save_entry(Transaction& transaction, const LedgerKey& key, const LedgerEntry& entry) {
  const rules::advice::Standing& standing = entry.standing;
  // A failure shows at the commit.
  (void)transaction.run(
      "INSERT OR REPLACE INTO advice (server, id, kind, datname, first_seen, last_seen, found, missed, open) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {std::string_view(key.first), std::string_view(key.second), std::string_view(entry.kind),
       std::string_view(entry.datname), unix_milliseconds(standing.first_seen),
       unix_milliseconds(standing.last_seen), std::int64_t{standing.found}, std::int64_t{standing.missed},
       std::int64_t{standing.open ? 1 : 0}});
}

void remove_entry(Transaction& transaction, const LedgerKey& key) {
  (void)transaction.run("DELETE FROM advice WHERE server = ? AND id = ?",
                        {std::string_view(key.first), std::string_view(key.second)});
}

std::expected<Dismissals, Error> load_dismissals(Store& store, Timestamp now) {
  auto transaction = store.begin();
  if (!transaction) return std::unexpected(transaction.error());
  Dismissals dismissals;
  const auto read =
      transaction->query("SELECT server, id, reason, until FROM advice_dismissals WHERE until > ?",
                         {unix_milliseconds(now)}, [&](const SqlRow& row) {
                           dismissals.emplace(LedgerKey{row.text(0), row.text(1)},
                                              Dismissal{std::string(row.text(2)), row.time(3)});
                         });
  if (!read) return std::unexpected(read.error());
  return dismissals;
}

std::expected<void, Error> save_dismissal(Store& store,
                                          const LedgerKey& key,
                                          const Dismissal& dismissal,
                                          Timestamp now) {
  auto transaction = store.begin();
  if (!transaction) return std::unexpected(transaction.error());
  (void)transaction->run("DELETE FROM advice_dismissals WHERE until <= ?", {unix_milliseconds(now)});
  (void)transaction->run(
      "INSERT OR REPLACE INTO advice_dismissals (server, id, reason, until) VALUES (?, ?, ?, ?)",
      {std::string_view(key.first), std::string_view(key.second), std::string_view(dismissal.reason),
       unix_milliseconds(dismissal.until)});
  return transaction->commit();
}

}  // namespace pgvigil::agent
