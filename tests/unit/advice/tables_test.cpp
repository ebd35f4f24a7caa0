#include <catch2/catch.hpp>

#include "tests/unit/advice/looks.h"

using namespace pgvigil;
using namespace pgvigil::tests;
using namespace pgvigil::rules::advice;

namespace {

constexpr double k_mb = 1'048'576;
constexpr double k_current = 1'800'000'000;
const std::map<std::string, std::string> k_orders = {
    {"datname", "shop"}, {"schemaname", "public"}, {"relname", "orders"}};

LiteralRow activity(std::map<std::string, double> values, const std::string& relname = "orders") {
  LiteralRow row{k_orders, {}};
  row.labels["relname"] = relname;
  for (const auto& [name, value] : values)
    row.values["pg_stat_user_tables_" + name] = value;
  return row;
}

Look foreign_key(std::optional<double> size,
                 std::optional<double> deletes,
                 const std::string& kind = "plain") {
  LiteralRow row{k_orders, {{"pgvigil_foreign_key_unindexed", 1}}};
  row.labels.insert({{"conname", "orders_customer_fkey"},
                     {"columns", "customer_id, \"No\""},
                     {"refschemaname", "public"},
                     {"refrelname", "customers"},
                     {"kind", kind}});
  if (size) row.values["pgvigil_foreign_key_unindexed_table_size_bytes"] = *size;
  std::vector<LiteralRow> tables = {activity({{"n_tup_del", 0}})};
  if (deletes) tables.push_back(activity({{"n_tup_del", *deletes}}, "customers"));
  LiteralRow twin = row;
  twin.labels["conname"] = "orders_customer_again_fkey";
  return look_of({{"foreign_keys", {row, twin}}, {"stat_user_tables", tables}});
}

struct Scanned {
  double scans = 5000, rows = 5e9, by_index = 1e6, writes = 1000, size = 100 * k_mb;
};

std::string scanned(const Scanned& one) {
  return findings("sequential_scans",
                  look_of({{"stat_user_tables",
                            {activity({{"seq_scan", one.scans},
                                       {"seq_tup_read", one.rows},
                                       {"idx_scan", 10},
                                       {"idx_tup_fetch", one.by_index},
                                       {"n_tup_ins", one.writes}})}},
                           {"tables", {{k_orders, {{"pgvigil_table_estimated_size_bytes", one.size}}}}}}));
}

struct Tended {
  double ratio = 5, dead = 50'000, live = 100'000, vacuumed = k_current - 7200;
  bool disabled = false;
  double horizon = 0;
};

Look tended(const Tended& one) {
  LiteralRow row{k_orders, {{"pgvigil_table_vacuum_threshold_ratio", one.ratio}}};
  if (one.disabled) row.values["pgvigil_table_autovacuum_disabled"] = 1;
  return look_of({{"table_vacuum", {row}},
                  {"stat_user_tables",
                   {activity({{"n_dead_tup", one.dead},
                              {"n_live_tup", one.live},
                              {"last_vacuum", 0},
                              {"last_autovacuum", one.vacuumed}})}},
                  {"xmin_horizon",
                   {{{{"holder", "slot"}, {"holder_name", "old_standby"}},
                     {{"pgvigil_xmin_horizon_age", one.horizon}}}}}});
}

}  // namespace

TEST_CASE("a foreign key without an index is told once for its columns", "[advice]") {
  const auto found = opinion("unindexed_foreign_key", foreign_key(20 * k_mb, 100));
  REQUIRE(found.advice.size() == 1);
  CHECK(found.advice[0].fix.text ==
        "CREATE INDEX CONCURRENTLY \"orders_customer_id_No_idx\" ON public.orders (customer_id, \"No\");");
  CHECK(found.advice[0].undo == "DROP INDEX CONCURRENTLY public.\"orders_customer_id_No_idx\";");
  CHECK(found.advice[0].confidence == Confidence::high);
}

TEST_CASE("a foreign key of a small table, or to one that loses no row, does without an index", "[advice]") {
  CHECK(findings("unindexed_foreign_key", foreign_key(9 * k_mb, 100)).empty());
  CHECK(findings("unindexed_foreign_key", foreign_key(20 * k_mb, 0)).empty());
}

TEST_CASE("where the deletes are not known an index is advised with less confidence", "[advice]") {
  CHECK(opinion("unindexed_foreign_key", foreign_key(20 * k_mb, std::nullopt)).advice[0].confidence ==
        Confidence::medium);
}

TEST_CASE("an index of a partitioned table is a matter of thought", "[advice]") {
  const auto found = opinion("unindexed_foreign_key", foreign_key(std::nullopt, 100, "partitioned"));
  REQUIRE(found.advice.size() == 1);
  CHECK(found.advice[0].fix.needs_thought);
}

TEST_CASE("a table lives on sequential scans when most of its rows are read that way", "[advice]") {
  CHECK(scanned({}) == "orders");
  CHECK(scanned({.scans = 900}).empty());
  CHECK(scanned({.rows = 1e7}).empty());       // few rows a scan: they end early
  CHECK(scanned({.by_index = 1e10}).empty());  // most come by an index
  CHECK(scanned({.writes = 6e9}).empty());     // a queue
  CHECK(scanned({.size = 20 * k_mb}).empty());
}

TEST_CASE("vacuum is behind when dead rows are far beyond the threshold, for an hour", "[advice]") {
  CHECK(findings("vacuum_behind", tended({})) == "orders");
  CHECK(findings("vacuum_behind", tended({.ratio = 2})).empty());
  CHECK(findings("vacuum_behind", tended({.dead = 5000})).empty());
  CHECK(findings("vacuum_behind", tended({.vacuumed = k_current - 60})) == "(orders)");
  CHECK(findings("vacuum_behind", tended({.vacuumed = 0})) ==
        "(orders)");  // never, and nobody knows for how long
  CHECK(findings("vacuum_behind", tended({.disabled = true})).empty());  // that is other advice
}

TEST_CASE("who holds the horizon comes before vacuum", "[advice]") {
  const auto found = opinion("vacuum_behind", tended({.horizon = 5e6}));
  REQUIRE(found.advice.size() == 1);
  CHECK(found.advice[0].fix.needs_thought);
  CHECK(
      found.advice[0].fix.text.starts_with("-- First end what keeps the rows: a slot (old_standby) has held "
                                           "the horizon for 5,000,000 transactions.\n"));
  CHECK_FALSE(opinion("vacuum_behind", tended({.horizon = 5e5})).advice[0].fix.needs_thought);
}

TEST_CASE("a table without autovacuum is told when it has dead rows", "[advice]") {
  CHECK(findings("autovacuum_disabled", tended({.disabled = true})) == "orders");
  CHECK(findings("autovacuum_disabled", tended({})).empty());
  CHECK(findings("autovacuum_disabled", tended({.ratio = 0.5, .disabled = true})).empty());
  CHECK(findings("autovacuum_disabled", tended({.dead = 10, .disabled = true})).empty());
}

TEST_CASE("a table is to be frozen when forced freezing has not got done", "[advice]") {
  const auto at = [](double xids, double multixacts, const std::string& schema = "public") {
    LiteralRow row{
        k_orders,
        {{"pgvigil_table_freeze_ratio", xids}, {"pgvigil_table_multixact_freeze_ratio", multixacts}}};
    row.labels["schemaname"] = schema;
    return opinion("freeze_behind", look_of({{"table_wraparound", {row}}}));
  };
  REQUIRE(at(1.6, 0).advice.size() == 1);
  CHECK(at(1.6, 0).advice[0].fix.text == "VACUUM (FREEZE, VERBOSE) public.orders;");
  CHECK(at(0, 1.6).advice.size() == 1);
  CHECK(at(1.2, 1.2).advice.empty());
  CHECK(at(1.6, 0, "pg_temp_3").advice[0].fix.needs_thought);
}

TEST_CASE("a sequence near its end wants a wider type where that ends first", "[advice]") {
  const auto sequence = [](double used, const std::string& ends) {
    return opinion(
        "sequence_ending",
        look_of({{"sequences",
                  {{{{"datname", "shop"},
                     {"schemaname", "public"},
                     {"sequencename", "orders_id_seq"},
                     {"tableschema", "public"},
                     {"relname", "orders"},
                     {"attname", "id"},
                     {"ends", ends}},
                    {{"pgvigil_sequence_used_ratio", used}, {"pgvigil_sequence_numbers_left", 1000}}}}}}));
  };
  REQUIRE(sequence(0.8, "column").advice.size() == 1);
  CHECK(sequence(0.8, "column").advice[0].fix.needs_thought);
  CHECK(sequence(0.8, "column")
            .advice[0]
            .fix.text.find("ALTER TABLE public.orders ALTER COLUMN id TYPE bigint;\nALTER SEQUENCE "
                           "public.orders_id_seq AS bigint;") != std::string::npos);
  CHECK(sequence(0.8, "sequence").advice[0].fix.text.find("ALTER TABLE") == std::string::npos);
  CHECK(sequence(0.7, "column").advice.empty());
}

TEST_CASE("sequences that cannot be read are not called healthy", "[advice]") {
  const auto found =
      opinion("sequence_ending",
              look_of({{"sequences", {{{{"datname", "shop"}}, {{"pgvigil_sequences_unreadable", 3}}}}}}));
  CHECK(found.advice.empty());
  REQUIRE(found.unsure.size() == 1);
  CHECK(found.unsure[0] ==
        "3 sequences of shop cannot be read: GRANT SELECT ON ALL SEQUENCES IN SCHEMA ... TO pgvigil.");
}
