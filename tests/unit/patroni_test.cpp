#include <catch2/catch.hpp>
#include <map>

#include "collectors/catalog.h"
#include "collectors/patroni/answers.h"
#include "collectors/patroni/patroni_collector.h"
#include "collectors/plan.h"

using namespace pgvigil;
using namespace pgvigil::patroni;

namespace {

// Lines as Patroni 3.0.2 and 3.2 write them.
constexpr std::string_view k_metrics = R"(# HELP patroni_version Patroni semver without periods.
# TYPE patroni_version gauge
patroni_version{scope="main"} 030002
patroni_primary{scope="main"} 0
patroni_postgres_server_version {scope="main"} 150018
patroni_dcs_last_seen{scope="main"} 1764263000
)";

constexpr std::string_view k_cluster = R"({"members": [
 {"name": "a", "role": "leader", "state": "running", "api_url": "http://a:8008/patroni", "host": "a", "port": 5432, "timeline": 3},
 {"name": "b", "role": "replica", "state": "streaming", "timeline": 3, "lag": 4096, "pending_restart": true},
 {"name": "c", "role": "sync_standby", "state": "start failed", "lag": "unknown"}], "scope": "main"})";

/// What the built-in collector `name` makes of an answer.
Outcome collected(const char* name, const std::string& answer) {
  static const auto catalog = collectors::load_catalog({});
  const auto definition = std::ranges::find(*catalog, name, &collectors::Definition::name);
  postgres::ServerFacts facts;
  facts.kind = ServerKind::patroni;
  auto plan = std::get<collectors::Plan>(collectors::plan(*definition, facts, collectors::Generation::v0_20));
  PatroniCollector collector([&](const std::string&, Deadline, const std::stop_token&) { return answer; });
  return collector.collect(plan, {}, Deadline::max(), {});
}

}  // namespace

TEST_CASE("the metrics of Patroni are columns, one row a member", "[patroni]") {
  auto rows = parse_metrics(k_metrics);
  REQUIRE(rows);
  REQUIRE(rows->size() == 1);
  CHECK(rows->get("scope") == "main");
  CHECK(rows->get("name") == "");
  CHECK(rows->get("primary") == "0");
  CHECK(rows->get("postgres_server_version") == "150018");
  CHECK(rows->get("is_paused") == std::nullopt);
  rows = parse_metrics(
      "patroni_primary{scope=\"a \\\"b\\\"\",name=\"x\"} 1 "
      "1764263000000\npatroni_state{scope=\"a\",state=\"y\"} 1\n");
  REQUIRE(rows);
  CHECK(rows->get("scope") == "a \"b\"");
  CHECK(rows->get("name") == "x");
  CHECK(rows->get("state") == std::nullopt);
}

TEST_CASE("what is no answer of Patroni is told", "[patroni]") {
  for (const char* text : {"", "<html>", "up 1\n", "patroni_primary", "patroni_primary{scope=\"a} 1",
                           "patroni_primary{scope=\"a\"} x"})
    CHECK(parse_metrics(text).error().message ==
          "what Patroni answered to GET /metrics is without a metric of Patroni");
  CHECK(parse_metrics("\xff").error().message == "what Patroni answered to GET /metrics is no UTF-8");
  CHECK(parse_cluster("").error().message == "what Patroni answered to GET /cluster is no JSON object");
  CHECK(parse_cluster("{}").error().message == "what Patroni answered to GET /cluster is without members");
  CHECK(parse_cluster(R"({"members": [1, {"role": "x"}]})")->size() == 0);
}

TEST_CASE("the built-in collectors give what there is, and leave out what is not", "[patroni]") {
  const auto metrics = collected("patroni", std::string(k_metrics));
  REQUIRE(std::holds_alternative<Table>(metrics));
  CHECK(std::get<Table>(metrics).series() == 4);
  const auto members = collected("patroni_members", std::string(k_cluster));
  const auto* table = std::get_if<Table>(&members);
  REQUIRE(table);
  CHECK(table->rows() == 3);
  std::map<std::string, std::string> values;  // of the members, by metric
  for (std::size_t column = 0; column < table->schema().metrics.size(); ++column)
    for (std::size_t row = 0; row < table->rows(); ++row) {
      const auto value = table->value(row, column);
      values[table->schema().metrics[column].name.text()] +=
          value ? std::to_string(static_cast<int>(*value)) + " " : "- ";
    }
  CHECK(values["pgvigil_patroni_member_info"] == "1 1 1 ");
  CHECK(values["pgvigil_patroni_member_leader"] == "1 0 0 ");
  CHECK(values["pgvigil_patroni_member_running"] == "1 1 0 ");
  CHECK(values["pgvigil_patroni_member_lag_bytes"] == "- 4096 - ");
  CHECK(values["pgvigil_patroni_member_pending_restart"] == "0 1 0 ");
}

TEST_CASE("Patroni that does not answer is an error of the collector", "[patroni]") {
  CHECK(std::get<Error>(collected("patroni_members", "oops")).kind == ErrorKind::query);
}
