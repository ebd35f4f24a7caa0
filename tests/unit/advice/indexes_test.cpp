#include <catch2/catch.hpp>

#include "tests/unit/advice/looks.h"

using namespace pgvigil;
using namespace pgvigil::tests;
using namespace pgvigil::rules::advice;

namespace {

constexpr double k_mb = 1'048'576;
constexpr double k_day = 86'400;

/// An index of public.orders in shop, as the collectors index_definitions and indexes give it.
struct LiteralIndex {
  std::string name;
  std::string keys = "2:1978:0:0";
  std::string key = "plain";
  std::string traits = "";
  std::string method = "btree";
  std::string included = "";
  std::string predicate = "";
  double size = 50 * k_mb;
  double scans = 0;
  std::optional<double> last_scan = std::nullopt;
};

/// Statistics began `age` seconds ago.
Look look_at(const std::vector<LiteralIndex>& indexes, double age = 60 * k_day) {
  std::vector<LiteralRow> definitions;
  std::vector<LiteralRow> uses;
  for (const LiteralIndex& index : indexes) {
    std::map<std::string, std::string> labels = {
        {"datname", "shop"}, {"schemaname", "public"}, {"relname", "orders"}, {"indexrelname", index.name}};
    LiteralRow use{
        labels,
        {{"pgvigil_index_scans_total", index.scans}, {"pgvigil_index_estimated_size_bytes", index.size}}};
    if (index.last_scan) use.values.emplace("pgvigil_index_last_scan_timestamp_seconds", *index.last_scan);
    uses.push_back(use);
    labels.insert({{"method", index.method},
                   {"key", index.key},
                   {"keys", index.keys},
                   {"included", index.included},
                   {"predicate", index.predicate},
                   {"traits", index.traits},
                   {"definition", "CREATE INDEX " + index.name + " ON public.orders USING btree (note)"}});
    definitions.push_back({labels, {{"pgvigil_index_definition", 1}}});
  }
  const double since = static_cast<double>(k_now.count()) - age;
  return look_of(
      {{"index_definitions", definitions},
       {"indexes", uses},
       {"stat_bgwriter", {{{}, {{"pgvigil_stat_bgwriter_stats_reset_timestamp_seconds", since}}}}}});
}

std::string unused(const LiteralIndex& index) {
  return findings("unused_index", look_at({index}));
}

std::string duplicates(const std::vector<LiteralIndex>& indexes) {
  return findings("duplicate_index", look_at(indexes));
}

std::string redundant(const std::vector<LiteralIndex>& indexes) {
  return findings("redundant_index", look_at(indexes));
}

}  // namespace

TEST_CASE("an index that was not scanned for a month is unused", "[advice]") {
  const auto found = opinion("unused_index", look_at({{.name = "Orders_note"}}));
  REQUIRE(found.advice.size() == 1);
  const Advice& advice = found.advice[0];
  CHECK(advice.fix.text == "DROP INDEX CONCURRENTLY public.\"Orders_note\";");
  CHECK_FALSE(advice.fix.needs_thought);
  CHECK(advice.undo == "CREATE INDEX CONCURRENTLY Orders_note ON public.orders USING btree (note);");
  CHECK(advice.impact.value == 50 * k_mb);
  CHECK(advice.impact.words == "50 MB of disk");
  CHECK(advice.why == "It was not scanned in the 60 days since the statistics began.");
  CHECK(advice.confidence == Confidence::medium);
  CHECK(advice.id == advice_id("unused_index", advice.object));
  REQUIRE(advice.evidence.rows() == 1);
  CHECK(advice.evidence.label(0, 3) == "Orders_note");
}

TEST_CASE("what an unused index guards keeps it", "[advice]") {
  CHECK(unused({.name = "i"}) == "i");
  CHECK(unused({.name = "i", .key = "primary"}).empty());
  CHECK(unused({.name = "i", .key = "unique"}).empty());
  CHECK(unused({.name = "i", .key = "unique constraint"}).empty());
  CHECK(unused({.name = "i", .key = "exclusion"}).empty());
  CHECK(unused({.name = "i", .traits = "replica identity"}).empty());
  CHECK(unused({.name = "i", .traits = "clustered"}).empty());
  CHECK(unused({.name = "i", .traits = "expression, foreign key"}).empty());
  CHECK(unused({.name = "i", .traits = "of a partition"}).empty());
  CHECK(unused({.name = "i", .traits = "partitioned"}).empty());
  CHECK(unused({.name = "i", .traits = "invalid"}).empty());
  CHECK(unused({.name = "i", .size = 9 * k_mb}).empty());
  CHECK(unused({.name = "i", .scans = 1}).empty());
}

TEST_CASE("statistics that are young prove nothing", "[advice]") {
  CHECK(findings("unused_index", look_at({{.name = "i"}}, 29 * k_day)) == "(i)");
  auto look = look_at({{.name = "i"}});
  look.tables.erase("stat_bgwriter");
  CHECK(findings("unused_index", look) == "(i)");
  look.tables["stat_database"] =
      table_of({{{{"datname", "shop"}},
                 {{"pgvigil_stat_database_stats_reset_timestamp_seconds", 1'800'000'000 - 40 * k_day}}}});
  CHECK(findings("unused_index", look) == "i");
}

TEST_CASE("a last scan of long ago proves that an index is unused and old", "[advice]") {
  const double now = static_cast<double>(k_now.count());
  const auto found = opinion("unused_index",
                             look_at({{.name = "i", .scans = 7, .last_scan = now - 31 * k_day}}, 90 * k_day));
  REQUIRE(found.advice.size() == 1);
  CHECK(found.advice[0].confidence == Confidence::high);
  CHECK(found.advice[0].unproven_for.count() == 0);
  CHECK(
      findings("unused_index", look_at({{.name = "i", .scans = 7, .last_scan = now - 29 * k_day}})).empty());
}

TEST_CASE("standbys that may use an index make its dropping a matter of thought", "[advice]") {
  auto look = look_at({{.name = "i"}});
  look.tables["replication_standbys"] = table_of({{{}, {{"pgvigil_replication_standbys_streaming", 2}}}});
  const auto found = opinion("unused_index", look);
  REQUIRE(found.advice.size() == 1);
  CHECK(found.advice[0].confidence == Confidence::low);
  CHECK(found.advice[0].fix.needs_thought);
}

TEST_CASE("a standby has no say about indexes", "[advice]") {
  auto look = look_at({{.name = "i"}});
  look.is_standby = true;
  CHECK(findings("unused_index", look) == "blind: this is a standby: ask its primary");
}

TEST_CASE("of a pair, one of which replaces the other, none is called unused", "[advice]") {
  const std::vector<LiteralIndex> pair = {{.name = "short", .scans = 1000},
                                          {.name = "long", .keys = "2:1978:0:0 3:1978:0:0"}};
  CHECK(redundant(pair) == "short");
  CHECK(findings("unused_index", look_at(pair)).empty());
}

TEST_CASE("of indexes that are the same one stays: the used one, or the first by name", "[advice]") {
  CHECK(duplicates({{.name = "a"}, {.name = "b"}}) == "b");
  CHECK(duplicates({{.name = "a"}, {.name = "b", .scans = 3}}) == "a");
  CHECK(duplicates({{.name = "a"}, {.name = "b"}, {.name = "c"}}) == "b c");
  CHECK(duplicates({{.name = "a", .scans = 9}, {.name = "b", .key = "unique"}}) == "a");
  CHECK(duplicates({{.name = "a", .key = "unique"}, {.name = "b", .key = "unique constraint"}}) == "a");
}

TEST_CASE("what differs, or stands on an index, makes it no duplicate", "[advice]") {
  const LiteralIndex a{.name = "a"};
  CHECK(duplicates({a, {.name = "b", .keys = "3:1978:0:0"}}).empty());    // column
  CHECK(duplicates({a, {.name = "b", .keys = "2:1979:0:0"}}).empty());    // operator class
  CHECK(duplicates({a, {.name = "b", .keys = "2:1978:950:0"}}).empty());  // collation
  CHECK(duplicates({a, {.name = "b", .keys = "2:1978:0:3"}}).empty());    // order
  CHECK(duplicates({a, {.name = "b", .keys = "x77:1978:0:0"}}).empty());  // expression
  CHECK(duplicates({a, {.name = "b", .predicate = "(note > 0)"}}).empty());
  CHECK(duplicates({a, {.name = "b", .method = "hash"}}).empty());
  CHECK(duplicates({a, {.name = "b", .traits = "invalid"}}).empty());
  CHECK(duplicates({{.name = "a", .key = "unique constraint"}, {.name = "b", .key = "unique constraint"}})
            .empty());
  CHECK(duplicates(
            {{.name = "a", .key = "primary"}, {.name = "b", .key = "unique", .traits = "replica identity"}})
            .empty());
  CHECK(duplicates({{.name = "a", .key = "primary"}, {.name = "b", .key = "unique", .traits = "referenced"}})
            .empty());
  CHECK(duplicates({{.name = "a", .key = "primary"}, {.name = "b", .traits = "of a partition"}}).empty());
  CHECK(duplicates(
            {{.name = "a", .key = "unique"}, {.name = "b", .key = "unique", .traits = "nulls not distinct"}})
            .empty());
  CHECK(duplicates({{.name = "a", .size = 1000}, {.name = "b", .size = 1000}}).empty());
}

TEST_CASE("an index is redundant when a longer one begins with it", "[advice]") {
  const LiteralIndex longer{.name = "long", .keys = "2:1978:0:0 3:1978:0:0", .size = 60 * k_mb};
  CHECK(redundant({{.name = "a"}, longer}) == "a");
  CHECK(redundant({{.name = "a", .included = "3"}, longer}) == "a");
  CHECK(redundant({{.name = "a"}, {.name = "b", .included = "5"}}) == "a");
  // The number 2 begins the number 22.
  CHECK(redundant({{.name = "a"}, {.name = "long", .keys = "22:1978:0:0 3:1978:0:0"}}).empty());
  CHECK(redundant({{.name = "a", .keys = "3:1978:0:0"}, longer}).empty());
  CHECK(redundant({{.name = "a", .key = "unique"}, longer}).empty());
  CHECK(redundant({{.name = "a", .included = "5"}, longer}).empty());
  CHECK(redundant({{.name = "a", .predicate = "(note > 0)"}, longer}).empty());
  CHECK(redundant({{.name = "a", .method = "gist"}, {.name = "long", .keys = longer.keys, .method = "gist"}})
            .empty());
  CHECK(redundant({{.name = "a", .traits = "clustered"}, longer}).empty());
}

TEST_CASE("a much wider index is not plainly better than a narrow one", "[advice]") {
  const auto found = opinion("redundant_index",
                             look_at({{.name = "a", .size = 10 * k_mb},
                                      {.name = "long", .keys = "2:1978:0:0 3:1978:0:0", .size = 40 * k_mb}}));
  REQUIRE(found.advice.size() == 1);
  CHECK(found.advice[0].confidence == Confidence::low);
  CHECK(found.advice[0].fix.needs_thought);
}

TEST_CASE("an invalid index is mended, or dropped when it was left behind", "[advice]") {
  const auto invalid = [](const std::string& name) {
    return opinion("invalid_index", look_of({{"invalid_indexes",
                                              {{{{"datname", "shop"},
                                                 {"schemaname", "public"},
                                                 {"relname", "orders"},
                                                 {"indexrelname", name},
                                                 {"state", "invalid"}},
                                                {{"pgvigil_index_invalid", 1}}},
                                               {{{"datname", "shop"}}, {{"pgvigil_invalid_indexes", 1}}}}}}));
  };
  REQUIRE(invalid("i").advice.size() == 1);
  CHECK(invalid("i").advice[0].fix.text.starts_with("REINDEX INDEX CONCURRENTLY public.i;\n"));
  CHECK(invalid("i_ccnew").advice[0].fix.text == "DROP INDEX CONCURRENTLY public.i_ccnew;");
  CHECK(invalid("i_ccold2").advice[0].fix.text == "DROP INDEX CONCURRENTLY public.i_ccold2;");
  CHECK(findings("invalid_index",
                 look_of({{"invalid_indexes", {{{{"datname", "shop"}}, {{"pgvigil_invalid_indexes", 0}}}}}}))
            .empty());
}

TEST_CASE("an invalid index of a partitioned table wants those of its partitions", "[advice]") {
  auto look = look_at({{.name = "i", .traits = "invalid, partitioned"}});
  look.tables["invalid_indexes"] = table_of({{{{"datname", "shop"},
                                               {"schemaname", "public"},
                                               {"relname", "orders"},
                                               {"indexrelname", "i"},
                                               {"state", "invalid"}},
                                              {{"pgvigil_index_invalid", 1}}}});
  const auto found = opinion("invalid_index", look);
  REQUIRE(found.advice.size() == 1);
  CHECK(found.advice[0].fix.needs_thought);
  CHECK(found.advice[0].fix.text.find("ATTACH PARTITION") != std::string::npos);
}

TEST_CASE("an index is bloated by what it wastes, in bytes and as a part", "[advice]") {
  const auto bloated = [](double bytes, double ratio, const std::string& key = "plain") {
    auto look = look_at({{.name = "i", .key = key}});
    look.tables["index_bloat"] = table_of(
        {{{{"datname", "shop"}, {"schemaname", "public"}, {"relname", "orders"}, {"indexrelname", "i"}},
          {{"pgvigil_index_bloat_bytes", bytes}, {"pgvigil_index_bloat_ratio", ratio}}}});
    return opinion("bloated_index", look);
  };
  REQUIRE(bloated(200 * k_mb, 0.8).advice.size() == 1);
  CHECK(bloated(200 * k_mb, 0.8).advice[0].fix.text == "REINDEX INDEX CONCURRENTLY public.i;");
  CHECK(bloated(200 * k_mb, 0.8).advice[0].why == "Its entries need 50 MB of the 250 MB that it has.");
  CHECK(bloated(200 * k_mb, 0.4).advice.empty());
  CHECK(bloated(90 * k_mb, 0.9).advice.empty());
  CHECK(bloated(200 * k_mb, 0.8, "exclusion").advice[0].fix.needs_thought);
}
