// Indexes that nobody reads, and every write pays for.

#include <algorithm>
#include <set>

#include "collectors/model/instant.h"
#include "rules/advice/advisors.h"
#include "rules/advice/overlap.h"
#include "rules/advice/sql.h"
#include "rules/advice/words.h"

namespace pgvigil::rules::advice {
namespace {

using std::chrono::seconds;

/// For how long an index is known to be unused, and how that is known.
struct Idleness {
  seconds proven{0};
  std::string words;
  bool was_used = false;  ///< once: so it is at least as old as that
};

std::optional<Idleness> idleness(const Look& look, const IndexDefinition& index, double most_scans) {
  const auto since = statistics_since(look, index.datname);
  if (index.scans && *index.scans <= most_scans) {
    const seconds proven =
        since ? std::chrono::duration_cast<seconds>(std::max(look.now - *since, Timestamp::duration{}))
              : seconds{0};
    const std::string scanned =
        *index.scans == 0 ? "It was not scanned" : "It was scanned " + count_words(*index.scans) + " times";
    return Idleness{
        proven,
        since ? scanned + " in the " + time_words(proven) + " since the statistics began."
              : scanned + " since the statistics began, and the server does not tell when that was.",
        false};
  }
  if (!index.use) return std::nullopt;
  const ValueColumn last_scan(*look.table("indexes"), "pgvigil_index_last_scan_timestamp_seconds");
  const auto last = last_scan(*index.use);
  if (!last) return std::nullopt;
  const auto ago = std::chrono::duration_cast<seconds>(look.now - timestamp_of(*last));
  return Idleness{ago, "Its last scan was " + time_words(ago) + " ago.", true};
}

/// What a write of its table costs more, in words.
std::string writes_words(const Look& look, const IndexDefinition& index) {
  const Table* tables = look.table("stat_user_tables");
  if (tables == nullptr) return "";
  const auto row = RowFinder(*tables, {"datname", "schemaname", "relname"})
                       .find({index.datname, index.schemaname, index.relname});
  if (!row) return "";
  const auto count = [&](std::string_view metric) { return ValueColumn(*tables, metric)(*row).value_or(0); };
  const double entries = count("pg_stat_user_tables_n_tup_ins") + count("pg_stat_user_tables_n_tup_upd") -
                         count("pg_stat_user_tables_n_tup_hot_upd");
  return entries <= 0 ? "" : ", and " + count_words(entries) + " entries written into it";
}

Advice make(const Look& look, const IndexDefinition& index, const Idleness& idle, seconds wanted) {
  Evidence evidence;
  add_index(look, index, evidence);
  const std::string name = qualified(index.schemaname, index.name);
  Advice advice{
      .id = advice_id("unused_index", index.object()),
      .kind = "unused_index",
      .object = index.object(),
      .why = idle.words,
      .evidence = std::move(evidence).finish(look.now),
      .impact = {index.size, Unit::bytes, bytes_words(index.size) + " of disk" + writes_words(look, index)},
      .fix = {"DROP INDEX CONCURRENTLY " + name + ";"},
      .undo = create_concurrently(index.definition),
      .confidence = idle.was_used ? Confidence::high : Confidence::medium,
      .doubts = {}};
  if (idle.proven < wanted) advice.unproven_for = wanted;
  if (!idle.was_used)
    advice.doubts.push_back(
        "The server does not tell when an index was created: it may be younger than that.");
  if (const double count = standbys(look); count > 0) {
    advice.confidence = Confidence::low;
    advice.fix.needs_thought = true;
    advice.doubts.push_back(count_words(count) +
                            " standbys stream from this server, and count their own scans: look there, too.");
  }
  if (index.has("expression"))
    advice.doubts.push_back("ANALYZE gathers statistics of its expression for the planner: they go with it.");
  return advice;
}

/// The indexes that replace another, or that another replaces: what becomes of these is for the advice about
/// them to say. Else the used half of a pair would go as redundant, and the other as unused.
std::set<Object> paired(const Look& look) {
  std::set<Object> objects;
  for (const Overlap& overlap : overlaps(look)) {
    objects.insert(overlap.index.object());
    objects.insert(overlap.cover.object());
  }
  return objects;
}

}  // namespace

void advise_unused_indexes(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  const seconds wanted = thresholds.seconds("min_age");
  const auto in_pairs = paired(look);
  for (const IndexDefinition& index : valid_indexes(look)) {
    // Every key guards something, used or not; a foreign key reads it when a row of the other table goes.
    if (index.key != "plain" || index.is_needed() || index.has("foreign key") || index.has("partitioned"))
      continue;
    if (index.size < thresholds["min_size"] || in_pairs.contains(index.object())) continue;
    const auto idle = idleness(look, index, thresholds["max_scans"]);
    if (!idle || (idle->was_used && idle->proven < wanted)) continue;
    opinion.advice.push_back(make(look, index, *idle, wanted));
  }
}

}  // namespace pgvigil::rules::advice
