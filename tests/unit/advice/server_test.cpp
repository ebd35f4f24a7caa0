#include <catch2/catch.hpp>

#include "rules/advice/sql.h"
#include "rules/advice/words.h"
#include "tests/unit/advice/looks.h"

using namespace pgvigil;
using namespace pgvigil::tests;
using namespace pgvigil::rules::advice;

namespace {

constexpr double k_mb = 1'048'576;

struct Statement {
  double calls = 1000, seconds = 100, squares = 0, rows = 1000, temp = 0, wal = 0;
  std::string user = "app";
  std::string queryid = "42";
};

LiteralRow row_of(const Statement& one) {
  return {{{"user", one.user}, {"datname", "shop"}, {"queryid", one.queryid}},
          {{"pg_stat_statements_calls_total", one.calls},
           {"pg_stat_statements_seconds_total", one.seconds},
           {"pgvigil_statement_time_squares_total", one.squares},
           {"pg_stat_statements_rows_total", one.rows},
           {"pgvigil_statement_temp_blocks_written_total", one.temp},
           {"pgvigil_statement_wal_records_total", one.wal}}};
}

std::string statement(std::string_view kind, const Statement& one) {
  return findings(kind, look_of({{"statements", {row_of(one)}},
                                 {"settings", {{{}, {{"pg_settings_work_mem_bytes", 4 * k_mb}}}}}}));
}

Look settings(const std::map<std::string, double>& values,
              std::map<std::string, std::vector<LiteralRow>> more = {}) {
  std::vector<LiteralRow> rows;
  for (const auto& [name, value] : values)
    rows.push_back({{}, {{"pg_settings_" + name, value}}});
  more["settings"] = rows;
  return look_of(more);
}

std::string fix(const Look& look) {
  const auto found = opinion("setting", look);
  return found.advice.size() == 1 ? found.advice[0].fix.text.substr(0, found.advice[0].fix.text.find('\n'))
                                  : "";
}

}  // namespace

TEST_CASE("a statement is slow by its mean, its total and its share", "[advice]") {
  CHECK(statement("slow_statement", {}) == "42");
  CHECK(statement("slow_statement", {.calls = 99}).empty());
  CHECK(statement("slow_statement", {.calls = 10'000}).empty());
  CHECK(statement("slow_statement", {.seconds = 50}).empty());
  const auto beside = [](double seconds) {
    return findings("slow_statement",
                    look_of({{"statements",
                              {row_of({}), row_of({.calls = 1, .seconds = seconds, .queryid = "other"})}}}));
  };
  CHECK(beside(1000) == "42");
  CHECK(beside(3000).empty());
}

TEST_CASE("what pgvigil itself asks is no statement of the application", "[advice]") {
  CHECK(statement("slow_statement", {.user = "pgvigil"}).empty());
}

TEST_CASE("the users of a statement count together", "[advice]") {
  const auto found =
      opinion("slow_statement", look_of({{"statements",
                                          {row_of({.calls = 60, .seconds = 40}),
                                           row_of({.calls = 60, .seconds = 40, .user = "web"})}}}));
  REQUIRE(found.advice.size() == 1);
  CHECK(found.advice[0].evidence.rows() == 2);
  CHECK(found.advice[0].impact.value == 80);
}

TEST_CASE("a statement is unstable when its deviation is three times its mean", "[advice]") {
  // Of 1000 calls of 0.1 s: variance = squares / 1000 - 0.01.
  CHECK(statement("unstable_statement", {.squares = 101}) == "42");
  CHECK(statement("unstable_statement", {.squares = 90}).empty());
  CHECK(statement("unstable_statement", {.calls = 99, .squares = 1e6}).empty());
}

TEST_CASE("a statement spills by what it writes in all and each time", "[advice]") {
  CHECK(statement("spilling_statement", {.temp = 256'000}) == "42");
  CHECK(statement("spilling_statement", {.calls = 19, .temp = 256'000}).empty());
  CHECK(statement("spilling_statement", {.temp = 100'000}).empty());
  CHECK(statement("spilling_statement", {.calls = 1'000'000, .temp = 256'000}).empty());
}

TEST_CASE("work_mem is advised only where it can hold what was spilled", "[advice]") {
  const auto spilled = [](double blocks) {
    return opinion("spilling_statement",
                   look_of({{"statements", {row_of({.calls = 20, .temp = blocks})}},
                            {"settings", {{{}, {{"pg_settings_work_mem_bytes", 4 * k_mb}}}}}}))
        .advice.at(0);
  };
  CHECK(spilled(200'000).fix.text.find("SET LOCAL work_mem = '239MB';") != std::string::npos);
  CHECK(spilled(400'000).fix.text.find("work_mem") == std::string::npos);
  CHECK(spilled(400'000).doubts.size() == 1);
}

TEST_CASE("a result is oversized by the rows of a call, unless they were written", "[advice]") {
  CHECK(statement("oversized_result", {.rows = 2e7}) == "42");
  CHECK(statement("oversized_result", {.rows = 9e6}).empty());
  CHECK(statement("oversized_result", {.rows = 2e7, .wal = 2e7}).empty());
  CHECK(statement("oversized_result", {.calls = 10, .rows = 2e7}).empty());
}

TEST_CASE("a switch that keeps data safe is to be on", "[advice]") {
  CHECK(fix(settings({{"fsync", 0}})) == "ALTER SYSTEM SET fsync = on;");
  CHECK(findings("setting", settings({{"fsync", 1}, {"autovacuum", 1}, {"enable_seqscan", 1}})).empty());
  CHECK(findings("setting", settings({{"enable_seqscan", 0}, {"fsync", 0}})) == "fsync enable_seqscan");
}

TEST_CASE("max_wal_size is too small when WAL asks for most checkpoints", "[advice]") {
  const auto look = [](double requested, double timed, std::optional<double> wal,
                       std::string_view collector = "stat_bgwriter") {
    const bool is_old = collector == "stat_bgwriter";
    std::map<std::string, std::vector<LiteralRow>> more = {
        {std::string(collector),
         {{{},
           {{is_old ? "pg_stat_bgwriter_checkpoints_req_total" : "pg_stat_checkpointer_num_requested_total",
             requested},
            {is_old ? "pg_stat_bgwriter_checkpoints_timed_total" : "pg_stat_checkpointer_num_timed_total",
             timed}}}}}};
    if (wal) more["wal_stats"] = {{{}, {{"pgvigil_wal_bytes_total", *wal}}}};
    return settings({{"max_wal_size_bytes", 1024 * k_mb}}, more);
  };
  CHECK(fix(look(30, 10, std::nullopt)) == "ALTER SYSTEM SET max_wal_size = '2048MB';");
  CHECK(fix(look(30, 10, std::nullopt, "stat_checkpointer")) == "ALTER SYSTEM SET max_wal_size = '2048MB';");
  CHECK(fix(look(30, 10, 40 * 500 * k_mb)) == "ALTER SYSTEM SET max_wal_size = '2048MB';");
  CHECK(fix(look(30, 10, 40 * 100 * k_mb)).empty());  // somebody runs CHECKPOINT
  CHECK(fix(look(30, 40, std::nullopt)).empty());
  CHECK(fix(look(9, 0, std::nullopt)).empty());
}

TEST_CASE("shared_buffers are too small when blocks are read for want of them", "[advice]") {
  const auto look = [](double hit, double read, double data, std::optional<double> memory) {
    std::map<std::string, std::vector<LiteralRow>> more = {
        {"stat_database",
         {{{{"datname", "shop"}},
           {{"pg_stat_database_blks_hit", hit}, {"pg_stat_database_blks_read", read}}}}},
        {"database_size", {{{{"datname", "shop"}}, {{"pg_database_size_bytes", data}}}}}};
    if (memory) more["host_memory"] = {{{}, {{"pgvigil_host_memory_limit_bytes", *memory}}}};
    return settings({{"shared_buffers_bytes", 128 * k_mb}}, more);
  };
  CHECK(fix(look(8e7, 2e7, 10'000 * k_mb, 8192 * k_mb)) == "ALTER SYSTEM SET shared_buffers = '2048MB';");
  CHECK(opinion("setting", look(8e7, 2e7, 10'000 * k_mb, std::nullopt)).advice.at(0).confidence ==
        Confidence::low);
  CHECK(opinion("setting", look(8e7, 2e7, 10'000 * k_mb, 8192 * k_mb))
            .advice.at(0)
            .fix.needs_thought);  // a restart
  CHECK(fix(look(9.5e7, 5e6, 10'000 * k_mb, 8192 * k_mb)).empty());
  CHECK(fix(look(8e5, 2e5, 10'000 * k_mb, 8192 * k_mb)).empty());
  CHECK(fix(look(8e7, 2e7, 100 * k_mb, 8192 * k_mb)).empty());  // all data fits
  CHECK(fix(look(8e7, 2e7, 10'000 * k_mb, 512 * k_mb)).empty());
}

TEST_CASE("work_mem is too large when all sessions together exceed the memory", "[advice]") {
  const auto look = [](double each, std::optional<double> memory) {
    std::map<std::string, std::vector<LiteralRow>> more;
    if (memory) more["host_memory"] = {{{}, {{"pgvigil_host_memory_limit_bytes", *memory}}}};
    return settings(
        {{"shared_buffers_bytes", 1024 * k_mb}, {"max_connections", 100}, {"work_mem_bytes", each * k_mb}},
        more);
  };
  CHECK(findings("setting", look(64, 4096 * k_mb)) == "work_mem");
  CHECK(findings("setting", look(8, 4096 * k_mb)).empty());
  CHECK(findings("setting", look(64, std::nullopt)).empty());
}

TEST_CASE("effective_cache_size below shared_buffers is a mistake", "[advice]") {
  CHECK(findings("setting", settings({{"effective_cache_size_bytes", 8 * k_mb},
                                      {"shared_buffers_bytes", 16 * k_mb}})) == "effective_cache_size");
  CHECK(findings("setting",
                 settings({{"effective_cache_size_bytes", 16 * k_mb}, {"shared_buffers_bytes", 16 * k_mb}}))
            .empty());
}

TEST_CASE("jit is to be off when compiling takes a good part of the time", "[advice]") {
  const auto look = [](double compiling, double on) {
    LiteralRow row = row_of({});
    row.values["pgvigil_statement_jit_seconds_total"] = compiling;
    row.values["pg_stat_statements_seconds_total"] = 400;
    return settings({{"jit", on}}, {{"statements", {row}}});
  };
  CHECK(findings("setting", look(90, 1)) == "jit");
  CHECK(findings("setting", look(70, 1)).empty());
  CHECK(findings("setting", look(90, 0)).empty());
}

TEST_CASE("an advisor without its tables is blind, and says why", "[advice]") {
  Look look = look_of({});
  CHECK(findings("slow_statement", look) == "blind: collector statements: gave no table");
  look.missing["statements"] = "needs the extension pg_stat_statements";
  CHECK(findings("slow_statement", look) ==
        "blind: collector statements: needs the extension pg_stat_statements");
}

TEST_CASE("a database that could not be looked into is told", "[advice]") {
  auto look = look_of({{"sequences", {}}});
  look.unseen["sequences"] = {"shop"};
  CHECK(opinion("sequence_ending", look).unseen == std::set<std::string>{"shop"});
}

TEST_CASE("every advisor has its thresholds, and no thresholds are without an advisor", "[advice]") {
  const auto book = shipped_thresholds();
  CHECK(book.size() == advisors().size());
  for (const Advisor& advisor : advisors()) {
    INFO(advisor.kind);
    CHECK(book.contains(advisor.kind));
  }
}

TEST_CASE("thresholds are changed by the configuration, and mistakes told with their place", "[advice]") {
  const auto read = [](std::string_view text, ThresholdBook& book) {
    const auto document = TomlDocument::parse(text, "pgvigil.toml");
    REQUIRE(document);
    Diagnostics diagnostics;
    Section root = document->root(diagnostics);
    read_thresholds(*root.section("advice"), {}, book);
    sort_by_place(diagnostics);
    std::string lines;
    for (const Diagnostic& diagnostic : diagnostics)
      lines += to_string(diagnostic) + "\n";
    return lines;
  };
  auto book = shipped_thresholds();
  CHECK(read("[advice.unused_index]\nmin_size = \"1MiB\"\nmin_age = \"7d\"\nmax_scans = 5\nenabled = false\n",
             book) == "");
  CHECK(book["unused_index"]["min_size"] == k_mb);
  CHECK(book["unused_index"].seconds("min_age") == std::chrono::days{7});
  CHECK(book["unused_index"]["max_scans"] == 5);
  CHECK_FALSE(book["unused_index"].enabled);
  CHECK(
      read(
          "[advice.unused_index]\nmin_sice = \"1MB\"\nmin_age = 7\nmax_scans = -1\n[advice.unused_indexes]\n",
          book) ==
      "pgvigil.toml:2:1: unknown key 'min_sice' (Did you mean 'min_size'?)\n"
      "pgvigil.toml:3:11: 'min_age' must be a duration, not an integer (Write a number and a unit, in "
      "quotes: \"500ms\", \"15s\", \"1m30s\", \"2h\".)\n"
      "pgvigil.toml:4:13: 'max_scans' must not be negative\n"
      "pgvigil.toml:5:9: there is no advice of kind 'unused_indexes' (Did you mean 'unused_index'?)\n");
}

TEST_CASE("the id of advice is the same at every run, and another for another object", "[advice]") {
  CHECK(advice_id("unused_index", {"shop", "public", "orders", "i"}) ==
        advice_id("unused_index", {"shop", "public", "orders", "i"}));
  CHECK(advice_id("unused_index", {"shop", "public", "orders", "i"}) !=
        advice_id("unused_index", {"shop", "public", "order", "si"}));
  CHECK(advice_id("a", {}) == "8e1b1f24f9e47224");
}

TEST_CASE("identifiers and literals are quoted where SQL wants it", "[advice]") {
  CHECK(qualified("public", "orders") == "public.orders");
  CHECK(qualified("My Schema", "user") == "\"My Schema\".\"user\"");
  CHECK(quoted_identifier("a\"b") == "\"a\"\"b\"");
  CHECK(quoted_identifier("1st") == "\"1st\"");
  CHECK(quoted_literal("it's") == "'it''s'");
  CHECK(quoted_literal("a\\_b'c") == "E'a\\\\_b''c'");
  CHECK(create_concurrently("CREATE UNIQUE INDEX i ON t (a)") ==
        "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a);");
  CHECK(commented("a\n-- b\nc") == "-- a\n-- b\n-- c");
}

TEST_CASE("numbers are told in words that people read", "[advice]") {
  CHECK(bytes_words(1536 * 1024) == "1.5 MB");
  CHECK(bytes_words(512) == "512 bytes");
  CHECK(count_words(1234567) == "1,234,567");
  CHECK(count_words(2.5e9) == "2.5 billion");
  CHECK(time_words(std::chrono::days{37}) == "37 days");
  CHECK(time_words(std::chrono::milliseconds{45}) == "45 ms");
  CHECK(share_words(0.123) == "12 %");
  CHECK(parameter_size(1.5 * k_mb) == "2MB");
}
