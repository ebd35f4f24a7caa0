// Evidence of what was collected before: series become rows for reading.

#include <catch2/catch.hpp>
#include <regex>

#include "agent/judge/evidence_names.h"
#include "agent/notify/message/evidence_text.h"
#include "agent/runtime/collected_evidence.h"
#include "agent/runtime/metric_catalog.h"
#include "collectors/catalog.h"
#include "collectors/evidence/definition.h"
#include "collectors/model/unix_time.h"
#include "rules/history/history.h"
#include "rules/present.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;

namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;
using Row = std::vector<std::optional<std::string>>;

const Timestamp k_now = Timestamp(1'800'000'000s);

evidence::Definition definition_of(const std::string& name) {
  for (evidence::Definition& each : evidence::builtin())
    if (each.asks.name == name) return std::move(each);
  throw std::runtime_error(name);
}

/// What pgvigil collects of one target, each with the labels of that.
class Collected {
 public:
  explicit Collected(std::string target = "a") : target_(std::move(target)) {}

  void add(const std::string& metric, Labels labels, double value) {
    labels.emplace_back("__name__", metric);
    labels.emplace_back("target", target_);
    readings_.push_back({promql::Labels::make(std::move(labels)), value});
  }
  void publish(rules::Present& present) const {
    present.publish(target_, readings_, unix_milliseconds(k_now), 300'000);
  }

 private:
  std::string target_;
  std::vector<rules::Reading> readings_;
};

/// The texts of one row, by columns.
std::map<std::string, std::string> shown(const evidence::Evidence& seen, std::size_t row) {
  const auto cells = evidence_cells(seen);
  std::map<std::string, std::string> texts;
  for (std::size_t i = 0; i < cells[0].size(); ++i)
    texts[cells[0][i]] = cells.at(row + 1)[i];
  return texts;
}

evidence::Evidence look(const evidence::Definition& definition,
                        const promql::Queryable& series,
                        Timestamp now = k_now) {
  const auto collected = CollectedEvidence::make(definition);
  REQUIRE(collected);
  auto seen = collected->look(series, now);
  if (!seen) FAIL(seen.error().message);
  return std::move(*seen);
}

/// Counters of two statements, collected every thirty seconds for `minutes` up to k_now: the first takes 0.6
/// seconds a second, the other a tenth, and five times as much in the last five minutes, in as many calls.
rules::History counters(int minutes) {
  rules::History history({.retention = 1h, .max_bytes = Bytes{10'000'000}});
  double seconds = 1e6;  // of weeks: a counter near 0 is taken to have begun just then
  for (Timestamp at = k_now - std::chrono::minutes(minutes); at <= k_now; at += 30s) {
    seconds += at > k_now - 5min ? 15 : 3;
    const double elapsed = std::chrono::duration<double>(at - k_now + 240h).count();
    const double steady = elapsed * 0.6;
    const auto reading = [&](const char* metric, const char* queryid, double value) {
      return rules::Reading{
          promql::Labels::make(
              {{"__name__", metric}, {"datname", "shop"}, {"queryid", queryid}, {"user", "app"}}),
          value};
    };
    const std::vector<rules::Reading> readings = {
        reading("pg_stat_statements_seconds_total", "1", steady),
        reading("pg_stat_statements_calls_total", "1", steady * 100),
        reading("pg_stat_statements_seconds_total", "-2", seconds),
        reading("pg_stat_statements_calls_total", "-2", elapsed),
        reading("pg_stat_statements_seconds_total", "other", 0),
        reading("pg_stat_statements_calls_total", "other", 0)};
    history.append("statements", unix_milliseconds(at), 300'000, readings);
  }
  return history;
}

}  // namespace

TEST_CASE("collected evidence: all that ships reads series that are collected") {
  const auto definitions = collectors::load_catalog({}).value();
  const rules::MetricCatalog catalog = metric_catalog(definitions);
  std::size_t count = 0;
  for (const evidence::Definition& definition : evidence::builtin()) {
    if (!definition.collected) continue;
    ++count;
    INFO(definition.asks.name);
    const auto made = CollectedEvidence::make(definition);
    CHECK(made.has_value());
    for (const std::string& name : definition.collected->collectors)
      CHECK(std::ranges::any_of(definitions, [&](const auto& each) {
        return each.name == name && each.kind == definition.asks.kind;
      }));
    std::string text = definition.collected->order;
    for (const evidence::SeriesColumn& column : definition.collected->columns)
      text += " " + column.expr;
    const std::regex name("pg[a-z]*_[a-z_]+");
    for (auto match = std::sregex_iterator(text.begin(), text.end(), name); match != std::sregex_iterator();
         ++match) {
      INFO(match->str());
      CHECK(catalog.find(match->str()) != nullptr);
    }
  }
  CHECK(count == 4);
}

TEST_CASE(
    "collected evidence: pools by who waits, each with what is of its database, and none of another pooler") {
  Collected mine("a");
  Collected others("b");
  const auto pool = [](Collected& at, const std::string& database, const std::string& user, double waiting,
                       double active) {
    const Labels labels = {{"database", database}, {"user", user}};
    at.add("pgbouncer_pools_client_waiting_connections", labels, waiting);
    at.add("pgbouncer_pools_server_active_connections", labels, active);
    at.add("pgvigil_pgbouncer_pool_oldest_wait_seconds", labels, waiting * 2.5);
    at.add("pgvigil_pgbouncer_pool_info", {{"database", database}, {"user", user}, {"pool_mode", "session"}},
           1);
  };
  pool(mine, "shop", "idle", 0, 1);
  pool(mine, "shop", "app", 7, 20);
  pool(mine, "books", "app", 0, 3);
  pool(mine, "pgbouncer", "admin", 0, 0);
  pool(others, "shop", "app", 99, 1);
  mine.add("pgvigil_pgbouncer_pool_size", {{"database", "shop"}}, 20);
  rules::Present present;
  mine.publish(present);
  others.publish(present);
  const auto target = promql::Labels::make({{"target", "a"}});
  const auto seen = look(definition_of("pools"), SeriesOf(present, *target));
  REQUIRE(seen.rows.size() == 3);
  CHECK(shown(seen, 0)["user"] == "app");
  CHECK(shown(seen, 0)["waiting"] == "7");
  CHECK(shown(seen, 0)["longest_wait"] == "17.5s");
  CHECK(shown(seen, 0)["mode"] == "session");
  CHECK(shown(seen, 0)["active"] == "20");
  CHECK(shown(seen, 0)["size"] == "20");
  CHECK(shown(seen, 1)["database"] == "books");
  CHECK(shown(seen, 1)["size"] == "-");
  CHECK(shown(seen, 2)["size"] == "20");  // a limit of the database is one of all its pools
}

TEST_CASE("collected evidence: backups with their verdicts, and what to do about them") {
  Collected all;
  const auto repository = [](const std::string& number, Labels more = {}) {
    more.emplace_back("backup", "main");
    more.emplace_back("tool", "pgbackrest");
    more.emplace_back("repository", number);
    return more;
  };
  all.add("pgvigil_backup_recoverable", repository("1"), 1);
  all.add("pgvigil_backup_verdict", repository("1", {{"verdict", "recoverable"}, {"reason", "none"}}), 1);
  all.add("pgvigil_backup_recoverable_until_seconds", repository("1"), 1'799'999'000);
  all.add("pgvigil_backup_age_seconds", repository("1", {{"type", "full"}}), 90'000);
  all.add("pgvigil_backup_age_seconds", repository("1", {{"type", "any"}}), 3'600);
  all.add("pgvigil_backup_recoverable", repository("2"), 0);
  all.add("pgvigil_backup_verdict", repository("2", {{"verdict", "not_recoverable"}, {"reason", "wal_gap"}}),
          1);
  all.add("pgvigil_backup_finding", repository("2", {{"reason", "overdue"}}), 1);
  all.add("pgvigil_backup_finding", repository("2", {{"reason", "not_encrypted"}}), 1);
  rules::Present present;
  all.publish(present);
  const auto seen = look(definition_of("backups"), present);
  REQUIRE(seen.rows.size() == 2);
  auto bad = shown(seen, 0);
  CHECK(bad["repository"] == "2");
  CHECK(bad["verdict"] == "not_recoverable");
  CHECK(bad["because"] == "wal_gap");
  CHECK(bad["findings"] == "not_encrypted, overdue");
  CHECK(bad["what_to_do"].starts_with("Take a backup now: a restore stops at the missing segment"));
  CHECK(bad["recoverable_until"] == "-");
  auto good = shown(seen, 1);
  CHECK(good["because"] == "-");
  CHECK(good["what_to_do"] == "-");
  CHECK(good["recoverable_until"] == "2027-01-15 07:43:20Z");
  CHECK(good["full"] == "1d 1h 0m 0s");
  CHECK(good["incr"] == "-");
}

TEST_CASE("collected evidence: statements by time are compared with what they took before") {
  const auto definition = definition_of("statements_by_time");
  const auto seen = look(definition, counters(60));
  REQUIRE(seen.rows.size() == 2);  // all others together are none
  auto steady = shown(seen, 0);
  auto more = shown(seen, 1);
  CHECK(steady["queryid"] == "1");
  CHECK(steady["share"] == "54.5 %");
  CHECK(steady["share_before"] == "85.7 %");
  CHECK(steady["times_before"] == "1");
  CHECK(steady["mean"] == "10ms");
  CHECK(steady["calls_per_second"] == "60");
  CHECK(more["queryid"] == "-2");
  CHECK(more["share"] == "45.5 %");
  CHECK(more["share_before"] == "14.3 %");
  CHECK(more["times_before"] == "5");
  CHECK(more["mean"] == "500ms");
  CHECK(more["mean_before"] == "100ms");
  CHECK(seen.remark.empty());
}

TEST_CASE("collected evidence: a past that is too short is told, and compared with nothing") {
  const auto seen = look(definition_of("statements_by_time"), counters(12));
  REQUIRE(seen.rows.size() == 2);
  CHECK(shown(seen, 1)["mean"] == "500ms");
  CHECK(shown(seen, 1)["mean_before"] == "-");
  CHECK(shown(seen, 1)["share_before"] == "-");
  CHECK(shown(seen, 1)["times_before"] == "-");
  CHECK(seen.remark.find("not known") != std::string::npos);
  CHECK(evidence_text(seen).find(seen.remark) != std::string::npos);
  CHECK(evidence_from_json(evidence_json(seen))->remark == seen.remark);
}

TEST_CASE("collected evidence: what the past is asked for is kept") {
  const auto collected = CollectedEvidence::make(definition_of("statements_by_time"));
  REQUIRE(collected);
  rules::HistoryNeeds needs;
  collected->add_needs(needs);
  CHECK(needs.span("pg_stat_statements_seconds_total") >= 1h);
  CHECK(needs.wants("pg_stat_statements_calls_total"));
  CHECK(collected->needs_past());
  CHECK_FALSE(CollectedEvidence::make(definition_of("pools"))->needs_past());
  CHECK_FALSE(CollectedEvidence::make(definition_of("space"))->needs_past());
}

TEST_CASE("collected evidence: a query of the server completes the rows that it knows") {
  const auto definition = definition_of("statements_by_time");
  auto seen = look(definition, counters(12));
  const auto query = completing(definition);
  REQUIRE(query.columns.size() == 3);
  const evidence::Evidence of_server{.columns = query.columns,
                                     .rows = {{"shop", "-2", "select $1"}, {"books", "1", "select $2"}}};
  complete(seen, of_server, definition.collected->by);
  CHECK(shown(seen, 0)["statement"] == "-");
  CHECK(shown(seen, 1)["statement"] == "select $1");
}

TEST_CASE("collected evidence: a name that a rule gives and that there is not is told with its place") {
  rules::Rule rule;
  rule.name = "Mine";
  rule.file = "mine.toml";
  rule.line = 7;
  rule.evidence = {"pools", "statement_by_time"};
  const Diagnostics warnings = unknown_evidence({rule});
  REQUIRE(warnings.size() == 1);
  CHECK(to_string(warnings[0]).find("mine.toml:7") == 0);
  CHECK(warnings[0].hint == "Did you mean 'statements_by_time'?");
}

TEST_CASE("collected evidence: what takes the space, and how much of it has come in the last hour") {
  rules::History history({.retention = 1h, .max_bytes = Bytes{10'000'000}});
  for (Timestamp at = k_now - 60min; at <= k_now; at += 1min) {
    const double minutes = std::chrono::duration<double, std::ratio<60>>(at - k_now).count();
    const auto reading = [](Labels labels, double value) {
      return rules::Reading{promql::Labels::make(std::move(labels)), value};
    };
    const std::vector<rules::Reading> readings = {
        reading({{"__name__", "pg_database_size_bytes"}, {"datname", "shop"}}, 50e9),
        reading({{"__name__", "pg_database_size_bytes"}, {"datname", "old"}}, 10e9 + minutes * 1e6),
        reading({{"__name__", "pg_wal_size_bytes"}}, 20e9 + minutes * 1e8),
        reading({{"__name__", "pgvigil_replication_slot_retained_bytes"}, {"slot_name", "cdc"}},
                19e9 + minutes * 1e8),
        reading({{"__name__", "pgvigil_archive_ready_bytes"}}, 0)};
    history.append("a", unix_milliseconds(at), 300'000, readings);
  }
  const auto seen = look(definition_of("space"), history);
  REQUIRE(seen.rows.size() == 4);
  CHECK(shown(seen, 0)["what"] == "database shop");
  CHECK(shown(seen, 0)["more"] == "0B");
  CHECK(shown(seen, 1)["what"] == "WAL");
  CHECK(shown(seen, 2)["what"] == "of the WAL: kept by slot cdc");
  CHECK(shown(seen, 2)["more"] == "5.122GiB");
  CHECK(shown(seen, 3)["what"] == "database old");
  CHECK(seen.remark.empty());

  rules::Present now;
  Collected once;
  once.add("pg_database_size_bytes", {{"datname", "shop"}}, 50e9);
  once.publish(now);
  const auto first = look(definition_of("space"), now);
  REQUIRE(first.rows.size() == 1);
  CHECK(first.remark.starts_with("What has come is not known"));
}
