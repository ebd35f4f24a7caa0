// Large tables most of whose rows are read by scanning the whole of them.

#include "rules/advice/advisors.h"
#include "rules/advice/evidence.h"
#include "rules/advice/sql.h"
#include "rules/advice/words.h"

namespace pgvigil::rules::advice {
namespace {

/// What statistics say of a table since they began.
struct Reading {
  double scans = 0;     ///< sequential ones
  double rows = 0;      ///< that these read
  double by_index = 0;  ///< rows fetched by index scans
  double index_scans = 0;
  double writes = 0;  ///< rows inserted, updated and deleted
  double size = 0;    ///< bytes, TOAST included
};

bool lives_on_scans(const Reading& reading, const Thresholds& thresholds) {
  return reading.size >= thresholds["min_size"] && reading.scans >= thresholds["min_scans"] &&
         reading.rows / reading.scans >= thresholds["min_rows_per_scan"] &&
         reading.rows >= thresholds["min_share"] * (reading.rows + reading.by_index) &&
         // One that is emptied and filled more than it is read is a queue or a staging table.
         reading.writes < reading.rows;
}

/// A look at the statements that read it: changes nothing.
std::string find_statements(std::string_view relname) {
  std::string pattern;
  for (const char c : relname) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return "-- An index on what these statements look for would spare the scans:\n"
         "SELECT queryid, calls, mean_exec_time, rows, query FROM pg_stat_statements WHERE query ILIKE " +
         quoted_literal("%" + pattern + "%") + " ORDER BY shared_blks_hit + shared_blks_read DESC LIMIT 10;";
}

}  // namespace

void advise_sequential_scans(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  const Table& table = *look.table("stat_user_tables");
  const Table& sizes = *look.table("tables");
  const RowFinder size_rows(sizes, {"datname", "schemaname", "relname"});
  const ValueColumn size(sizes, "pgvigil_table_estimated_size_bytes");
  const LabelColumn datname(table, "datname"), schemaname(table, "schemaname"), relname(table, "relname");
  const auto column = [&](std::string_view name) { return ValueColumn(table, name); };
  const ValueColumn scans = column("pg_stat_user_tables_seq_scan"),
                    rows = column("pg_stat_user_tables_seq_tup_read"),
                    index_scans = column("pg_stat_user_tables_idx_scan"),
                    fetched = column("pg_stat_user_tables_idx_tup_fetch"),
                    inserted = column("pg_stat_user_tables_n_tup_ins"),
                    updated = column("pg_stat_user_tables_n_tup_upd"),
                    deleted = column("pg_stat_user_tables_n_tup_del");
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto sized = size_rows.find({datname(row), schemaname(row), relname(row)});
    if (!sized) continue;
    const Reading reading{scans(row).value_or(0),
                          rows(row).value_or(0),
                          fetched(row).value_or(0),
                          index_scans(row).value_or(0),
                          inserted(row).value_or(0) + updated(row).value_or(0) + deleted(row).value_or(0),
                          size(*sized).value_or(0)};
    if (!lives_on_scans(reading, thresholds)) continue;
    const Object object{std::string(datname(row)), std::string(schemaname(row)), std::string(relname(row)),
                        ""};
    const auto since = statistics_since(look, object.datname);
    Evidence evidence;
    evidence.row(
        {{"datname", object.datname}, {"schemaname", object.schemaname}, {"relname", object.relname}});
    evidence.take(table, row,
                  {"pg_stat_user_tables_seq_scan", "pg_stat_user_tables_seq_tup_read",
                   "pg_stat_user_tables_idx_scan", "pg_stat_user_tables_idx_tup_fetch"});
    evidence.take(sizes, *sized, {"pgvigil_table_estimated_size_bytes"});
    opinion.advice.push_back(
        {.id = advice_id("sequential_scans", object),
         .kind = "sequential_scans",
         .object = object,
         .why = "It was read from end to end " + count_words(reading.scans) + " times" +
                (since ? " in " + time_words(look.now - *since) : "") + ", " +
                count_words(reading.rows / reading.scans) + " rows each time; " +
                share_words(reading.rows / (reading.rows + reading.by_index)) +
                " of all rows read of it came that way.",
         .evidence = std::move(evidence).finish(look.now),
         .impact = {reading.scans * reading.size, Unit::bytes,
                    bytes_words(reading.size) + " read " + count_words(reading.scans) + " times"},
         .fix = {find_statements(object.relname)},
         .undo = "-- nothing to undo: it only looks",
         .confidence = Confidence::low,
         .doubts = {"Which statements scan it, and whether they want most of its rows, these numbers do not "
                    "tell."}});
  }
}

}  // namespace pgvigil::rules::advice
