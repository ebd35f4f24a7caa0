// The definitions for poolers, over what consoles gave: captured from PgBouncer 1.18 and 1.25.2 and
// pgpool-II 4.3.5 under load. Columns of PgCat and Odyssey are those of their sources.

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "agent/watching/exposition/exposition.h"
#include "collectors/catalog.h"
#include "collectors/plan.h"
#include "collectors/postgres/server_facts.h"
#include "collectors/rows.h"
#include "tests/unit/fixture.h"

using namespace pgvigil;
using namespace pgvigil::collectors;

namespace {

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> parts;
  std::string part;
  std::istringstream stream(line + separator);
  while (std::getline(stream, part, separator))
    parts.push_back(part);
  return parts;
}

const std::vector<Definition>& catalog() {
  static const auto loaded = load_catalog({});
  return *loaded;
}

const Definition& definition_of(const std::string& name) {
  const auto found = std::ranges::find(catalog(), name, &Definition::name);
  REQUIRE(found != catalog().end());
  return *found;
}

postgres::ServerFacts pooler(ServerKind kind, int release) {
  postgres::ServerFacts facts;
  facts.kind = kind;
  facts.version_number = release;
  return facts;
}

/// What a collector makes of lines of comma-separated cells, the first of which are the columns.
Table table_of(const std::string& collector, ServerKind kind, int release, const std::string& csv) {
  const auto planned = plan(definition_of(collector), pooler(kind, release), Generation::v0_20);
  REQUIRE(std::holds_alternative<Plan>(planned));
  const CollectLimits limits;
  const auto rows = make_rows(std::get<Plan>(planned), limits);
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  const auto names = split(line, ',');
  const std::vector<std::string_view> columns(names.begin(), names.end());
  const auto begun = rows->begin(columns);
  if (!begun) FAIL(begun.error().message);
  while (std::getline(lines, line)) {
    const auto texts = split(line, ',');
    const std::vector<std::optional<std::string_view>> cells(texts.begin(), texts.end());
    REQUIRE(cells.size() == columns.size());
    rows->row(TextRow(cells));
  }
  if (rows->fault()) FAIL(rows->fault()->message);
  return rows->finish(Timestamp{});
}

using Samples = std::map<std::string, std::string>;  // series -> value

/// As a scrape shows it.
Samples samples_of(const Table& table) {
  std::string text;
  agent::render(table, agent::Format::text, "", [&](std::string_view piece) { text += piece; });
  Samples samples;
  for (const std::string& line : split(text, '\n'))
    if (!line.empty() && line.front() != '#')
      samples[line.substr(0, line.rfind(' '))] = line.substr(line.rfind(' ') + 1);
  return samples;
}

Samples bouncer(const std::string& what, int release) {
  const std::string version = release == 118 ? "118" : "1252";
  return samples_of(table_of("pgbouncer_" + what, ServerKind::pgbouncer, release,
                             fixture("poolers/pgbouncer_" + version + "_" + what + ".csv")));
}

Samples pgpool(const std::string& what) {
  const std::string file = what == "health_check" ? "health_check_stats" : what;
  return samples_of(
      table_of("pgpool_" + what, ServerKind::pgpool, 403, fixture("poolers/pgpool_435_" + file + ".csv")));
}

}  // namespace

TEST_CASE(
    "every name of pgbouncer_exporter is there on captured PgBouncer 1.18 and 1.25.2, with its type and "
    "labels",
    "[pooler]") {
  const int release = GENERATE(118, 125);
  INFO(release);
  std::istringstream names(fixture("pgbouncer_exporter_names.txt"));
  for (std::string line; std::getline(names, line);) {
    if (line.starts_with("#")) continue;
    const auto words = split(line, ' ');
    if (words.size() > 3 && !parse_versions(words[3], ServerKind::pgbouncer)->contains(release)) continue;
    if (words[0] == "pgbouncer_up") continue;  // the agent's own: see the end-to-end test
    INFO(words[0]);
    bool found = false;
    for (const Definition& definition : catalog()) {
      const auto planned = plan(definition, pooler(ServerKind::pgbouncer, release), Generation::v0_20);
      if (!std::holds_alternative<Plan>(planned)) continue;
      for (const auto* metric : std::get<Plan>(planned).metrics)
        if (metric->name == words[0]) {
          found = true;
          CHECK(to_string(metric->type) == words[1]);
          const auto labels = words[2] == "-" ? std::vector<std::string>{} : split(words[2], ',');
          CHECK(std::set(metric->labels.begin(), metric->labels.end()) ==
                std::set(labels.begin(), labels.end()));
        }
    }
    CHECK(found);
  }
}

TEST_CASE("pools that clients queue for are told, on captured PgBouncer 1.18 and 1.25.2", "[pooler]") {
  const auto on118 = bouncer("pools", 118);
  CHECK(on118.at("pgbouncer_pools_client_waiting_connections{database=\"postgres\",user=\"postgres\"}") ==
        "9");
  CHECK(on118.at("pgbouncer_pools_client_maxwait_seconds{database=\"postgres\",user=\"postgres\"}") == "0");
  CHECK(on118.at("pgvigil_pgbouncer_pool_oldest_wait_seconds{database=\"postgres\",user=\"postgres\"}") ==
        "0.144935");
  CHECK(on118.at("pgvigil_pgbouncer_pool_servers{database=\"postgres\",user=\"postgres\"}") == "3");
  CHECK(on118.at("pgvigil_pgbouncer_pool_clients{database=\"postgres\",user=\"postgres\"}") == "12");
  CHECK_FALSE(on118.contains("pgvigil_pgbouncer_pool_servers{database=\"pgbouncer\",user=\"pgbouncer\"}"));
  const auto on125 = bouncer("pools", 125);
  CHECK(on125.at("pgvigil_pgbouncer_pool_oldest_wait_seconds{database=\"postgres\",user=\"postgres\"}") ==
        "0.103293");
  CHECK(
      on125.at(
          "pgvigil_pgbouncer_pool_info{database=\"postgres\",user=\"postgres\",pool_mode=\"transaction\"}") ==
      "1");
}

TEST_CASE("assignments are transactions before 1.23, which does not count them", "[pooler]") {
  CHECK(bouncer("stats", 118).at("pgvigil_pgbouncer_assignments_total{database=\"postgres\"}") == "1319");
  const auto on125 = bouncer("stats", 125);
  CHECK(on125.at("pgvigil_pgbouncer_assignments_total{database=\"postgres\"}") == "1305");
  CHECK(on125.at("pgbouncer_stats_totals_client_wait_seconds_total{database=\"postgres\"}") == "197.220174");
  CHECK(on125.at("pgbouncer_stats_totals_client_parses_total{database=\"postgres\"}") == "0");
}

TEST_CASE("limits have the labels of pools, and no limit is absent, on captured PgBouncer", "[pooler]") {
  const auto on118 = samples_of(table_of("pgbouncer_limits", ServerKind::pgbouncer, 118,
                                         fixture("poolers/pgbouncer_118_databases.csv")));
  CHECK(on118.at("pgvigil_pgbouncer_pool_size{database=\"small\"}") == "2");
  CHECK(on118.at("pgvigil_pgbouncer_reserve_pool_size{database=\"small\"}") == "1");
  CHECK_FALSE(on118.contains("pgvigil_pgbouncer_database_max_servers{database=\"small\"}"));
  CHECK_FALSE(on118.contains("pgvigil_pgbouncer_pool_size{database=\"pgbouncer\"}"));
  const auto on125 = samples_of(table_of("pgbouncer_limits", ServerKind::pgbouncer, 125,
                                         fixture("poolers/pgbouncer_1252_databases.csv")));
  CHECK(on125.at("pgvigil_pgbouncer_reserve_pool_size{database=\"small\"}") == "1");
  CHECK(on125.at("pgvigil_pgbouncer_database_clients{database=\"postgres\"}") == "12");
  CHECK(bouncer("databases", 118)
            .at("pgbouncer_databases_pool_size{name=\"small\",host=\"127.0.0.1\",port=\"5711\",database="
                "\"postgres\","
                "force_user=\"\",pool_mode=\"\"}") == "2");
}

TEST_CASE("clients and servers are grouped, on captured PgBouncer", "[pooler]") {
  const auto clients = bouncer("clients", 118);
  double all = 0;
  for (const auto& [series, value] : clients)
    if (series.starts_with("pgbouncer_client_connections")) all += std::stod(value);
  CHECK(all == 13);
  CHECK(
      clients.at(
          "pgbouncer_client_connections{database=\"postgres\",user=\"postgres\",application_name=\"pgbench\","
          "state=\"active\"}") == "3");
  CHECK(clients.at("pgvigil_pgbouncer_client_tls_connections{database=\"postgres\",user=\"postgres\"}") ==
        "0");
  const auto servers = bouncer("servers", 125);
  CHECK(servers.at(
            "pgvigil_pgbouncer_server_connections{database=\"postgres\",user=\"postgres\",addr=\"127.0.0.1\","
            "port=\"5711\",state=\"active\"}") == "3");
}

TEST_CASE("what stands in rows of keys and values is told, on captured PgBouncer", "[pooler]") {
  CHECK(bouncer("lists", 118).at("pgbouncer_used_clients") == "13");
  CHECK(bouncer("config", 118).at("pgbouncer_config_max_client_connections") == "200");
  CHECK(bouncer("config", 125).at("pgvigil_pgbouncer_config_query_wait_timeout_seconds") == "20");
  const auto state = bouncer("state", 125);
  CHECK(state.at("pgvigil_pgbouncer_active") == "1");
  CHECK(state.at("pgvigil_pgbouncer_paused") == "0");
  CHECK(bouncer("users", 125).at("pgvigil_pgbouncer_user_clients{name=\"postgres\"}") == "12");
}

TEST_CASE("SHOW STATE is not asked of a PgBouncer that does not have it", "[pooler]") {
  const auto planned =
      plan(definition_of("pgbouncer_state"), pooler(ServerKind::pgbouncer, 118), Generation::v0_20);
  CHECK(std::get<Unsupported>(planned).why == "needs PgBouncer 1.19 or later, this is 1.18");
}

TEST_CASE("a collector for one kind of server is for no other", "[pooler]") {
  const auto planned =
      plan(definition_of("pgbouncer_pools"), pooler(ServerKind::pgcat, 102), Generation::v0_20);
  CHECK(std::get<Unsupported>(planned).why == "is for PgBouncer, this is PgCat");
}

TEST_CASE("pgpool-II's nodes, processes and checks are told, on captured 4.3.5", "[pooler]") {
  const std::string node = "{node_id=\"0\",hostname=\"127.0.0.1\",port=\"5711\",role=\"primary\"}";
  CHECK(pgpool("nodes").at("pgvigil_pgpool_node_up" + node) == "1");
  CHECK(pgpool("nodes").at("pgvigil_pgpool_node_replication_delay_bytes" + node) == "0");
  const auto processes = pgpool("processes");
  CHECK(processes.at("pgvigil_pgpool_processes{status=\"Wait for connection\"}") == "7");
  CHECK(processes.at("pgvigil_pgpool_processes{status=\"Execute command\"}") == "1");
  CHECK(processes.at("pgvigil_pgpool_busy_processes{database=\"postgres\",username=\"postgres\"}") == "1");
  CHECK(pgpool("backend_stats").at("pgvigil_pgpool_others_total" + node) == "4");
  CHECK(pgpool("health_check").at("pgvigil_pgpool_health_checks_failed_total" + node) == "0");
  CHECK(pgpool("cache").at("pgvigil_pgpool_cache_hits_total") == "0");
}

TEST_CASE("PgCat's columns, as its source (1.2) lists them, are understood", "[pooler]") {
  const auto pools =
      samples_of(table_of("pgcat_pools", ServerKind::pgcat, 102,
                          "database,user,pool_mode,cl_idle,cl_active,cl_waiting,cl_cancel_req,sv_active,"
                          "sv_idle,sv_used,sv_tested,sv_login,maxwait,maxwait_us\n"
                          "shop,app,transaction,1,2,3,0,2,0,0,0,0,1,500000\n"));
  CHECK(pools.at("pgvigil_pgcat_pool_oldest_wait_seconds{database=\"shop\",user=\"app\"}") == "1.5");
  CHECK(pools.at("pgvigil_pgcat_pool_clients_waiting{database=\"shop\",user=\"app\"}") == "3");
  const auto stats = samples_of(table_of(
      "pgcat_stats", ServerKind::pgcat, 102,
      "instance,database,user,total_xact_count,total_query_count,total_received,total_sent,total_xact_time,"
      "total_query_time,total_wait_time,total_errors,avg_xact_count,avg_query_count,avg_recv,avg_sent,avg_"
      "errors,"
      "avg_xact_time,avg_query_time,avg_wait_time\nshop_shard_0_primary,shop,app,7,8,9,10,2000000,1000000,"
      "500000,1,0,0,"
      "0,0,0,0,0,0\n"));
  CHECK(
      stats.at(
          "pgvigil_pgcat_client_wait_seconds_total{pgcat_instance=\"shop_shard_0_primary\",database=\"shop\","
          "user=\"app\"}") == "0.5");
  const auto databases = samples_of(table_of(
      "pgcat_databases", ServerKind::pgcat, 102,
      "name,host,port,database,force_user,pool_size,min_pool_size,reserve_pool,pool_mode,max_connections,"
      "current_connections,paused,disabled\nshop_shard_0_primary,db1,5432,shop,app,5,0,0,transaction,5,2,0,"
      "1\n"));
  CHECK(databases.at("pgvigil_pgcat_server_banned{name=\"shop_shard_0_primary\",host=\"db1\",port=\"5432\","
                     "force_user=\"app\"}") == "1");
  const auto clients = samples_of(table_of(
      "pgcat_clients", ServerKind::pgcat, 102,
      "client_id,database,user,application_name,state,transaction_count,query_count,error_count,age_seconds\n"
      "0x1,shop,app,web,waiting,1,1,0,5\n0x2,shop,app,web,waiting,1,1,0,5\n"));
  CHECK(clients.at("pgvigil_pgcat_clients{database=\"shop\",user=\"app\",application_name=\"web\",state="
                   "\"waiting\"}") == "2");
}

TEST_CASE("Odyssey's columns, as its source lists them, are understood", "[pooler]") {
  const auto pools = samples_of(table_of(
      "odyssey_pools", ServerKind::odyssey, 103,
      "database,user,cl_active,cl_waiting,sv_active,sv_idle,sv_used,sv_tested,sv_login,maxwait,maxwait_us,"
      "pool_mode,bytes_recieved,bytes_sent,tcp_conn_count\nshop,app,2,3,2,0,0,0,0,0,0,transaction,10,20,5\n"
      "aggregated,aggregated,,,,,,,,,,,,,\n"));
  CHECK(pools.at("pgvigil_odyssey_pool_clients_waiting{database=\"shop\",user=\"app\"}") == "3");
  CHECK(pools.at("pgvigil_odyssey_pool_connections_total{database=\"shop\",user=\"app\"}") == "5");
  CHECK(pools.size() == 7);  // cl_idle is not there, and the row over all is left out
  const auto databases =
      samples_of(table_of("odyssey_databases", ServerKind::odyssey, 103,
                          "name,host,port,database,force_user,pool_size,reserve_pool,pool_mode,max_"
                          "connections,current_connections,"
                          "paused,disabled\nshop,db1,5432,shop,app,5,0,transaction,100,7,0,0\n"));
  CHECK(databases.size() == 3);
  const auto stats = samples_of(table_of(
      "odyssey_stats", ServerKind::odyssey, 103,
      "database,total_xact_count,total_query_count,total_received,total_sent,total_xact_time,total_query_"
      "time,"
      "total_wait_time,avg_xact_count,avg_query_count,avg_recv,avg_sent,avg_xact_time,avg_query_time,"
      "avg_wait_time\nshop,7,8,9,10,2000000,1000000,0,0,0,0,0,0,0,0\n"));
  CHECK(stats.at("pgvigil_odyssey_transaction_seconds_total{database=\"shop\"}") == "2");
}

TEST_CASE("a pooler's version is read out of what it says", "[pooler]") {
  using postgres::parse_pooler_release;
  CHECK(parse_pooler_release(ServerKind::pgbouncer, "PgBouncer 1.18.0") == 118);
  CHECK(parse_pooler_release(ServerKind::pgbouncer, "PgBouncer 1.25.2") == 125);
  CHECK(parse_pooler_release(ServerKind::pgpool, "4.3.5 (tamahomeboshi)") == 403);
  CHECK(parse_pooler_release(ServerKind::pgcat, "PgCat 1.2.0") == 102);
  CHECK(parse_pooler_release(ServerKind::odyssey, "1.3-3ab1-release") == 103);
  const auto other = parse_pooler_release(ServerKind::pgbouncer, "PgCat 1.2.0");
  REQUIRE_FALSE(other);
  CHECK(other.error().message == "this is a PgCat: its version is 'PgCat 1.2.0'");
  CHECK(other.error().hint == "Set the pooler's 'kind' to \"pgcat\".");
  CHECK_FALSE(parse_pooler_release(ServerKind::pgbouncer, ""));
}
