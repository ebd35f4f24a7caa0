// Sequences that have given out most of their numbers.

#include "rules/advice/advisors.h"
#include "rules/advice/evidence.h"
#include "rules/advice/sql.h"
#include "rules/advice/words.h"

namespace pgvigil::rules::advice {
namespace {

/// The way out: a wider type for what ends first.
void widen(const Object& column, std::string_view sequence, bool column_ends, Advice& advice) {
  const std::string alter_sequence = "ALTER SEQUENCE " + std::string(sequence) + " AS bigint";
  if (!column_ends) {
    advice.fix = {
        "-- The limit is its own: unless somebody set it on purpose, this takes it away. Only the catalog "
        "changes.\n" +
            alter_sequence + " NO MAXVALUE;",
        true};
    advice.undo = "-- ALTER SEQUENCE " + std::string(sequence) +
                  " MAXVALUE ...; as long as no larger number was given out";
    return;
  }
  const std::string table = qualified(column.schemaname, column.relname);
  const std::string name = quoted_identifier(column.name);
  advice.fix = {
      "-- This writes the whole table anew under a lock that stops reads: for a large one add a bigint "
      "column, fill it\n"
      "-- in small parts with a trigger that keeps it up, and swap the two.\n"
      "ALTER TABLE " +
          table + " ALTER COLUMN " + name + " TYPE bigint;\n" + alter_sequence + ";",
      true};
  advice.undo = "-- ALTER TABLE " + table + " ALTER COLUMN " + name +
                " TYPE integer; as long as no larger number is in it";
  advice.doubts.emplace_back("Columns of other tables that hold these numbers need the wider type, too.");
}

}  // namespace

void advise_sequences(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  const Table& table = *look.table("sequences");
  const LabelColumn datname(table, "datname"), schemaname(table, "schemaname"),
      sequence(table, "sequencename"), tableschema(table, "tableschema"), relname(table, "relname"),
      attname(table, "attname"), ends(table, "ends");
  const ValueColumn used(table, "pgvigil_sequence_used_ratio"), left(table, "pgvigil_sequence_numbers_left"),
      unreadable(table, "pgvigil_sequences_unreadable");
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (const double count = unreadable(row).value_or(0); count > 0)
      opinion.unsure.push_back(count_words(count) + " sequences of " + std::string(datname(row)) +
                               " cannot be read: GRANT SELECT ON ALL SEQUENCES IN SCHEMA ... TO " +
                               look.user + ".");
    const double ratio = used(row).value_or(0);
    if (ratio < thresholds["min_used"]) continue;
    const Object object{std::string(datname(row)), std::string(schemaname(row)), "",
                        std::string(sequence(row))};
    const Object column{object.datname, std::string(tableschema(row)), std::string(relname(row)),
                        std::string(attname(row))};
    const bool column_ends = ends(row) == "column" && !column.name.empty();
    Evidence evidence;
    evidence.row(
        {{"datname", object.datname}, {"schemaname", object.schemaname}, {"sequencename", object.name}});
    evidence.take(
        table, row,
        {"pgvigil_sequence_used_ratio", "pgvigil_sequence_numbers_left", "pgvigil_sequence_seconds_left"});
    Advice advice{
        .id = advice_id("sequence_ending", object),
        .kind = "sequence_ending",
        .object = object,
        .why = "It has given out " + share_words(ratio) + " of its numbers" +
               (column_ends ? "; the type of " + column.relname + "." + column.name + " ends first." : ".") +
               " At the end INSERT fails.",
        .evidence = std::move(evidence).finish(look.now),
        .impact = {ratio, Unit::ratio, count_words(left(row).value_or(0)) + " numbers left"},
        .fix = {},
        .undo = "",
        .confidence = Confidence::high,
        .doubts = {}};
    widen(column, qualified(object.schemaname, object.name), column_ends, advice);
    opinion.advice.push_back(std::move(advice));
  }
}

}  // namespace pgvigil::rules::advice
