// Foreign keys that no index serves: a DELETE in the table that they refer to reads the whole of theirs.

#include <algorithm>
#include <set>

#include "rules/advice/advisors.h"
#include "rules/advice/evidence.h"
#include "rules/advice/sql.h"
#include "rules/advice/words.h"

namespace pgvigil::rules::advice {
namespace {

/// "orders_customer_id_idx", as Postgres itself would call it, within its 63 bytes.
std::string index_name(std::string_view relname, std::string_view columns) {
  std::string name(relname);
  for (std::string_view rest = columns; !rest.empty();) {
    const std::size_t end = std::min(rest.find(", "), rest.size());
    std::string column(rest.substr(0, end));
    std::erase(column, '"');
    name += "_" + column;
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  constexpr std::size_t k_most = 63 - 4;
  std::size_t size = std::min(name.size(), k_most);
  while (size > 0 && size < name.size() && (static_cast<unsigned char>(name[size]) & 0xC0) == 0x80)
    --size;
  return name.substr(0, size) + "_idx";
}

struct ForeignKey {
  Object object;
  std::string columns;
  std::string referred;  ///< the other table, qualified
  bool is_partitioned = false;
  std::optional<double> size;     ///< of its table, in bytes; nothing for a partitioned one
  std::optional<double> deletes;  ///< in the other table, since the statistics began
};

Advice make(const ForeignKey& key, Table evidence) {
  const std::string name = index_name(key.object.relname, key.columns);
  const std::string table = qualified(key.object.schemaname, key.object.relname);
  const std::string deletes = key.deletes ? count_words(*key.deletes) : "an unknown number of";
  Advice advice{.id = advice_id("unindexed_foreign_key", key.object),
                .kind = "unindexed_foreign_key",
                .object = key.object,
                .why = "No index begins with (" + key.columns + "): each row deleted from " + key.referred +
                       " reads the whole table, and waits for it under a lock.",
                .evidence = std::move(evidence),
                .impact = {key.size.value_or(0) * key.deletes.value_or(1), Unit::bytes,
                           (key.size ? bytes_words(*key.size) + " read" : "the whole table read") +
                               " for each of " + deletes + " deleted rows"},
                .fix = {"CREATE INDEX CONCURRENTLY " + quoted_identifier(name) + " ON " + table + " (" +
                        key.columns + ");"},
                .undo = "DROP INDEX CONCURRENTLY " + qualified(key.object.schemaname, name) + ";",
                .confidence = key.deletes ? Confidence::high : Confidence::medium,
                .doubts = {}};
  if (key.is_partitioned) {
    advice.fix = {
        "-- A partitioned table takes no CONCURRENTLY: build it on ONLY the parent, then CONCURRENTLY on "
        "each\n"
        "-- partition, and ATTACH these.\nCREATE INDEX " +
            quoted_identifier(name) + " ON ONLY " + table + " (" + key.columns + ");",
        true};
    advice.undo = "DROP INDEX " + qualified(key.object.schemaname, name) + ";";
  }
  return advice;
}

}  // namespace

void advise_foreign_keys(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  const Table& table = *look.table("foreign_keys");
  const Table& activity = *look.table("stat_user_tables");
  const RowFinder tables(activity, {"datname", "schemaname", "relname"});
  const ValueColumn deleted(activity, "pg_stat_user_tables_n_tup_del");
  const LabelColumn datname(table, "datname"), schemaname(table, "schemaname"), relname(table, "relname"),
      conname(table, "conname"), columns(table, "columns"), refschemaname(table, "refschemaname"),
      refrelname(table, "refrelname"), kind(table, "kind");
  const ValueColumn size(table, "pgvigil_foreign_key_unindexed_table_size_bytes");
  std::set<std::vector<std::string_view>> told;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (columns(row).empty()) continue;
    ForeignKey key{{std::string(datname(row)), std::string(schemaname(row)), std::string(relname(row)),
                    std::string(conname(row))},
                   std::string(columns(row)),
                   qualified(refschemaname(row), refrelname(row)),
                   kind(row) == "partitioned",
                   size(row),
                   std::nullopt};
    const auto referred = tables.find({datname(row), refschemaname(row), refrelname(row)});
    if (referred) key.deletes = deleted(*referred);
    // A table that is read in a moment, and one from which nobody deletes, do well without.
    if (key.size && *key.size < thresholds["min_size"]) continue;
    if (key.deletes && *key.deletes < thresholds["min_deletes"]) continue;
    // One index serves all foreign keys of the same columns.
    if (!told.insert({datname(row), schemaname(row), relname(row), columns(row)}).second) continue;
    Evidence evidence;
    evidence.row({{"datname", datname(row)},
                  {"schemaname", schemaname(row)},
                  {"relname", relname(row)},
                  {"conname", conname(row)},
                  {"refschemaname", refschemaname(row)},
                  {"refrelname", refrelname(row)}});
    evidence.take(table, row, {"pgvigil_foreign_key_unindexed_table_size_bytes"});
    if (referred) evidence.take(activity, *referred, {"pg_stat_user_tables_n_tup_del"});
    opinion.advice.push_back(make(key, std::move(evidence).finish(look.now)));
  }
}

}  // namespace pgvigil::rules::advice
