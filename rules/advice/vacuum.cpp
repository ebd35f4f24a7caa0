// Tables that vacuum does not keep up with, is not let near, or does not freeze.

#include <algorithm>

#include "collectors/model/instant.h"
#include "rules/advice/advisors.h"
#include "rules/advice/evidence.h"
#include "rules/advice/sql.h"
#include "rules/advice/words.h"

namespace pgvigil::rules::advice {
namespace {

using std::chrono::seconds;

/// What keeps vacuum from removing rows that died long ago, in words; nothing when nobody does.
std::optional<std::string> horizon_holder(const Look& look, double least_age) {
  const Table* table = look.table("xmin_horizon");
  if (table == nullptr) return std::nullopt;
  const LabelColumn holder(*table, "holder"), name(*table, "holder_name"), user(*table, "usename");
  const ValueColumn age(*table, "pgvigil_xmin_horizon_age");
  std::optional<std::size_t> oldest;
  for (std::size_t row = 0; row < table->rows(); ++row)
    if (age(row).value_or(0) >= least_age && (!oldest || age(row) > age(*oldest))) oldest = row;
  if (!oldest) return std::nullopt;
  std::string words = "a " + std::string(holder(*oldest));
  if (!name(*oldest).empty()) words += " (" + std::string(name(*oldest)) + ")";
  if (!user(*oldest).empty()) words += " of " + std::string(user(*oldest));
  return words + " has held the horizon for " + count_words(*age(*oldest)) + " transactions";
}

void note_holder(const Look& look, double least_age, Advice& advice) {
  const auto holder = horizon_holder(look, least_age);
  if (!holder) return;
  advice.fix = {"-- First end what keeps the rows: " + *holder + ".\n" + advice.fix.text, true};
  advice.doubts.push_back("Vacuum cannot remove what may still be seen: " + *holder + ".");
}

/// A table as the statistics show it.
struct Tended {
  Object object;
  std::size_t row = 0;                  ///< in table_vacuum
  std::optional<std::size_t> activity;  ///< in stat_user_tables
  double ratio = 0;                     ///< dead rows over the threshold of autovacuum
  double dead = 0;
  double live = 0;
  std::optional<Timestamp> vacuumed;  ///< last, by anybody
};

std::vector<Tended> tended_tables(const Look& look) {
  const Table& table = *look.table("table_vacuum");
  const Table& activity = *look.table("stat_user_tables");
  const RowFinder rows(activity, {"datname", "schemaname", "relname"});
  const LabelColumn datname(table, "datname"), schemaname(table, "schemaname"), relname(table, "relname");
  const ValueColumn ratio(table, "pgvigil_table_vacuum_threshold_ratio"),
      dead(activity, "pg_stat_user_tables_n_dead_tup"), live(activity, "pg_stat_user_tables_n_live_tup"),
      manual(activity, "pg_stat_user_tables_last_vacuum"),
      automatic(activity, "pg_stat_user_tables_last_autovacuum");
  std::vector<Tended> list;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    Tended one{{std::string(datname(row)), std::string(schemaname(row)), std::string(relname(row)), ""},
               row,
               {},
               ratio(row).value_or(0),
               0,
               0,
               {}};
    one.activity = rows.find({datname(row), schemaname(row), relname(row)});
    if (!one.activity) continue;
    one.dead = dead(*one.activity).value_or(0);
    one.live = live(*one.activity).value_or(0);
    // 0 stands for never, as postgres_exporter has it.
    const double last = std::max(manual(*one.activity).value_or(0), automatic(*one.activity).value_or(0));
    if (last > 0) one.vacuumed = timestamp_of(last);
    list.push_back(std::move(one));
  }
  return list;
}

Table evidence_of(const Look& look, const Tended& one) {
  Evidence evidence;
  evidence.row({{"datname", one.object.datname},
                {"schemaname", one.object.schemaname},
                {"relname", one.object.relname}});
  evidence.take(*look.table("table_vacuum"), one.row,
                {"pgvigil_table_vacuum_threshold_ratio", "pgvigil_table_autovacuum_disabled"});
  evidence.take(*look.table("stat_user_tables"), *one.activity,
                {"pg_stat_user_tables_n_dead_tup", "pg_stat_user_tables_n_live_tup",
                 "pg_stat_user_tables_last_vacuum", "pg_stat_user_tables_last_autovacuum"});
  return std::move(evidence).finish(look.now);
}

std::string dead_words(const Tended& one) {
  return count_words(one.dead) + " dead rows beside " + count_words(one.live) + " live ones";
}

/// Vacuum now; then a worker that does more before each pause: it had reason to begin long ago.
void speed_up(const Tended& one, Advice& advice) {
  const std::string table = qualified(one.object.schemaname, one.object.relname);
  advice.fix.text = "VACUUM (ANALYZE) " + table +
                    ";\n-- If it falls behind again, let autovacuum do ten times as much before each pause:\n"
                    "-- ALTER TABLE " +
                    table + " SET (autovacuum_vacuum_cost_limit = 2000);";
  advice.undo = "-- ALTER TABLE " + table + " RESET (autovacuum_vacuum_cost_limit);";
}

}  // namespace

void advise_vacuum(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  const ValueColumn disabled(*look.table("table_vacuum"), "pgvigil_table_autovacuum_disabled");
  const seconds wanted = thresholds.seconds("min_age");
  for (const Tended& one : tended_tables(look)) {
    if (disabled(one.row) || one.ratio < thresholds["min_ratio"] || one.dead < thresholds["min_dead_rows"])
      continue;
    const auto since = one.vacuumed ? one.vacuumed : statistics_since(look, one.object.datname);
    const auto waits = since ? std::chrono::duration_cast<seconds>(look.now - *since) : seconds{0};
    Advice advice{.id = advice_id("vacuum_behind", one.object),
                  .kind = "vacuum_behind",
                  .object = one.object,
                  .why = "It has " + dead_words(one) + ", " + times_words(one.ratio) +
                         " what lets autovacuum begin; it was " +
                         (one.vacuumed ? "vacuumed " + time_words(waits) + " ago."
                                       : "never vacuumed since the statistics began."),
                  .evidence = evidence_of(look, one),
                  .impact = {one.dead, Unit::none, dead_words(one)},
                  .fix = {},
                  .undo = "",
                  .confidence = Confidence::medium,
                  .doubts = {}};
    if (waits < wanted) advice.unproven_for = wanted;
    speed_up(one, advice);
    note_holder(look, thresholds["horizon_age"], advice);
    opinion.advice.push_back(std::move(advice));
  }
}

void advise_disabled_autovacuum(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  const ValueColumn disabled(*look.table("table_vacuum"), "pgvigil_table_autovacuum_disabled");
  for (const Tended& one : tended_tables(look)) {
    // Somebody may vacuum it by hand, after each load: then it has few dead rows.
    if (!disabled(one.row) || one.ratio < thresholds["min_ratio"] || one.dead < thresholds["min_dead_rows"])
      continue;
    const std::string table = qualified(one.object.schemaname, one.object.relname);
    opinion.advice.push_back(
        {.id = advice_id("autovacuum_disabled", one.object),
         .kind = "autovacuum_disabled",
         .object = one.object,
         .why = "Its storage parameter autovacuum_enabled is off, and it has " + dead_words(one) + ".",
         .evidence = evidence_of(look, one),
         .impact = {one.dead, Unit::none, dead_words(one)},
         .fix = {"ALTER TABLE " + table + " RESET (autovacuum_enabled);\nVACUUM (ANALYZE) " + table + ";"},
         .undo = "ALTER TABLE " + table + " SET (autovacuum_enabled = false);",
         .confidence = Confidence::high,
         .doubts = {}});
  }
}

void advise_freezing(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  const Table& table = *look.table("table_wraparound");
  const LabelColumn datname(table, "datname"), schemaname(table, "schemaname"), relname(table, "relname");
  const ValueColumn xids(table, "pgvigil_table_freeze_ratio"),
      multixacts(table, "pgvigil_table_multixact_freeze_ratio");
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const double ratio = std::max(xids(row).value_or(0), multixacts(row).value_or(0));
    if (ratio < thresholds["min_ratio"]) continue;
    const bool is_temporary = schemaname(row).starts_with("pg_temp_");
    const Object object{std::string(datname(row)), std::string(schemaname(row)), std::string(relname(row)),
                        ""};
    Evidence evidence;
    evidence.row(
        {{"datname", object.datname}, {"schemaname", object.schemaname}, {"relname", object.relname}});
    evidence.take(table, row,
                  {"pgvigil_table_freeze_ratio", "pgvigil_table_multixact_freeze_ratio",
                   "pgvigil_table_xid_age", "pgvigil_table_multixact_age"});
    Advice advice{.id = advice_id("freeze_behind", object),
                  .kind = "freeze_behind",
                  .object = object,
                  .why = "Its oldest rows have " + times_words(ratio) +
                         " the age at which autovacuum freezes them by force, and that has not got done.",
                  .evidence = std::move(evidence).finish(look.now),
                  .impact = {ratio, Unit::ratio, times_words(ratio) + " the age of forced freezing"},
                  .fix = {"VACUUM (FREEZE, VERBOSE) " + qualified(object.schemaname, object.relname) + ";"},
                  .undo = "-- nothing to undo",
                  .confidence = Confidence::high,
                  .doubts = {}};
    if (is_temporary)
      advice.fix = {"-- A temporary table: only its own session can vacuum it. End that session.", true};
    else
      note_holder(look, thresholds["horizon_age"], advice);
    opinion.advice.push_back(std::move(advice));
  }
}

}  // namespace pgvigil::rules::advice
