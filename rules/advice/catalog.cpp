#include "rules/advice/catalog.h"

#include <algorithm>
#include <utility>

#include "rules/advice/advisors.h"

namespace pgvigil::rules::advice {
namespace {

const std::vector<Advisor>& catalog() {
  // clang-format off
  static const std::vector<Advisor> rows = {
      {"invalid_index", "indexes that no query may use", {"invalid_indexes"}, {"index_definitions"}, false,
       advise_invalid_indexes},
      {"duplicate_index", "indexes that are there twice", {"index_definitions"}, {"indexes"}, false,
       advise_duplicate_indexes},
      {"redundant_index", "indexes that a longer one replaces", {"index_definitions"}, {"indexes"}, false,
       advise_redundant_indexes},
      {"unused_index", "indexes that nobody reads", {"indexes", "index_definitions"},
       {"stat_database", "stat_bgwriter", "stat_user_tables", "replication_standbys"}, false, advise_unused_indexes},
      {"bloated_index", "indexes that waste space", {"index_bloat"}, {"index_definitions", "indexes"}, false,
       advise_bloated_indexes},
      {"unindexed_foreign_key", "foreign keys without an index", {"foreign_keys", "stat_user_tables"}, {}, false,
       advise_foreign_keys},
      {"sequential_scans", "tables that live on sequential scans", {"stat_user_tables", "tables"},
       {"stat_database", "stat_bgwriter"}, true, advise_sequential_scans},
      {"vacuum_behind", "tables that vacuum does not keep up with", {"table_vacuum", "stat_user_tables"},
       {"xmin_horizon", "tables", "stat_database", "stat_bgwriter"}, false, advise_vacuum},
      {"autovacuum_disabled", "tables that nobody vacuums", {"table_vacuum", "stat_user_tables"}, {"tables"}, false,
       advise_disabled_autovacuum},
      {"freeze_behind", "tables whose old rows are not frozen", {"table_wraparound"}, {"xmin_horizon"}, false,
       advise_freezing},
      {"setting", "parameters that this server's own numbers speak against", {"settings"},
       {"stat_database", "stat_bgwriter", "stat_checkpointer", "wal_stats", "database_size", "statements", "host_memory"}, false,
       advise_settings},
      {"sequence_ending", "sequences on the way to their end", {"sequences"}, {"tables"}, false, advise_sequences},
      {"slow_statement", "statements that take the server's time", {"statements"}, {"statement_texts"}, true,
       advise_slow_statements},
      {"unstable_statement", "statements whose time varies widely", {"statements"}, {"statement_texts"}, true,
       advise_unstable_statements},
      {"spilling_statement", "statements that sort or hash on disk", {"statements", "settings"}, {"statement_texts"}, true,
       advise_spilling_statements},
      {"oversized_result", "statements that return very many rows", {"statements"}, {"statement_texts"}, true,
       advise_oversized_results},
  };
  // clang-format on
  return rows;
}

/// Why the advisor cannot look at this server; nothing when it can.
std::optional<std::string> blindness(const Advisor& advisor, const Look& look) {
  if (look.is_standby && !advisor.on_standby) return "this is a standby: ask its primary";
  for (const std::string_view collector : advisor.needs) {
    if (look.table(collector) != nullptr) continue;
    const auto why = look.missing.find(collector);
    return "collector " + std::string(collector) + ": " +
           (why == look.missing.end() ? "gave no table" : why->second);
  }
  return std::nullopt;
}

}  // namespace

std::span<const Advisor> advisors() {
  return catalog();
}

const Advisor* find_advisor(std::string_view kind) {
  const auto found = std::ranges::find(catalog(), kind, &Advisor::kind);
  return found == catalog().end() ? nullptr : &*found;
}

std::vector<std::string_view> wanted_collectors(std::span<const Advisor* const> advisors) {
  std::vector<std::string_view> wanted;
  for (const Advisor* advisor : advisors)
    for (const auto& collectors : {advisor->needs, advisor->uses})
      for (const std::string_view collector : collectors)
        if (std::ranges::find(wanted, collector) == wanted.end()) wanted.push_back(collector);
  return wanted;
}

Opinion advise(const Advisor& advisor, const Look& look, const Thresholds& thresholds) {
  Opinion opinion;
  opinion.kind = advisor.kind;
  opinion.blind = blindness(advisor, look);
  if (opinion.blind) return opinion;
  for (const std::string_view collector : advisor.needs)
    if (const auto unseen = look.unseen.find(collector); unseen != look.unseen.end())
      opinion.unseen.insert(unseen->second.begin(), unseen->second.end());
  for (const std::string& database : opinion.unseen)
    opinion.unsure.push_back("Database " + database + " could not be looked into.");
  advisor.advise(look, thresholds, opinion);
  std::ranges::stable_sort(opinion.advice, std::ranges::greater{},
                           [](const Advice& one) { return one.impact.value; });
  return opinion;
}

}  // namespace pgvigil::rules::advice
