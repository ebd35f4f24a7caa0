#include "collectors/plan.h"

#include <catch2/catch.hpp>

#include "collectors/label_filter.h"

using namespace pgvigil;
using namespace pgvigil::collectors;
using postgres::Role;
using postgres::ServerFacts;

namespace {

Definition vacuum_progress() {
  Definition definition;
  definition.name = "vacuum_progress";
  definition.queries = {{.versions = {13, 16}, .sql = "select old"},
                        {.versions = {17, 1000}, .role = RoleFilter::primary, .sql = "select new"}};
  MetricDefinition both{"pgvigil_blocks", MetricType::gauge, Unit::none, "Blocks scanned.",
                        "blocks",         {"relname"},       {},         {}};
  MetricDefinition legacy = both;
  legacy.name = "pg_blocks";
  legacy.generations = {Generation::v0_15};
  legacy.labels = {"datname", "relname"};
  MetricDefinition recent = both;
  recent.name = "pgvigil_bytes";
  recent.versions = {17, 1000};
  definition.metrics = {both, legacy, recent};
  return definition;
}

ServerFacts server(int major, Role role = Role::primary) {
  ServerFacts facts;
  facts.version_number = major * 10'000;
  facts.role = role;
  facts.endpoint = "127.0.0.1:5432";
  facts.user = "pg\"vigil";
  facts.database = "payments";
  return facts;
}

std::vector<std::string> names(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto* metric : plan.metrics)
    names.push_back(metric->name);
  return names;
}

}  // namespace

TEST_CASE("the query is the one for the server's version") {
  const Definition definition = vacuum_progress();
  const auto on15 = std::get<Plan>(plan(definition, server(15), Generation::v0_20));
  CHECK(on15.query->sql == "select old");
  CHECK(names(on15) == std::vector<std::string>{"pgvigil_blocks"});
  const auto on17 = std::get<Plan>(plan(definition, server(17), Generation::v0_20));
  CHECK(on17.query->sql == "select new");
  CHECK(names(on17) == std::vector<std::string>{"pgvigil_blocks", "pgvigil_bytes"});
}

TEST_CASE("names of an older generation are there when it is asked for") {
  const Definition definition = vacuum_progress();
  const auto legacy = std::get<Plan>(plan(definition, server(15), Generation::v0_15));
  CHECK(names(legacy) == std::vector<std::string>{"pgvigil_blocks", "pg_blocks"});
  REQUIRE(legacy.schema->labels.size() == 3);
  CHECK(legacy.schema->labels[0].text() == "relname");
  CHECK(legacy.schema->metrics[1].labels == std::vector<std::uint16_t>{1, 0, 2});
}

TEST_CASE("in generation 0.15 every pg_ metric carries the server, as it did there") {
  const Definition definition = vacuum_progress();
  const auto legacy = std::get<Plan>(plan(definition, server(15), Generation::v0_15));
  CHECK(legacy.schema->labels[2].text() == "server");
  CHECK(legacy.schema->metrics[0].labels == std::vector<std::uint16_t>{0});
  CHECK(legacy.endpoint == "127.0.0.1:5432");
}

TEST_CASE("what a server does not support is told with its reason") {
  const Definition definition = vacuum_progress();
  CHECK(std::get<Unsupported>(plan(definition, server(12), Generation::v0_20)).why ==
        "needs Postgres 13 or later, this is 12");
  CHECK(std::get<Unsupported>(plan(definition, server(17, Role::standby), Generation::v0_20)).why ==
        "not for a standby");
}

TEST_CASE("the query names the schema that the extension was installed to") {
  Definition definition = vacuum_progress();
  definition.extension = "pg_buffercache";
  definition.queries = {{.sql = "select {extension_schema}.f(), {extension_schema}.g()"}};
  ServerFacts facts = server(17);
  facts.extensions = {{"pg_buffercache", "1.4", "x{extension_schema}\"y"}};
  CHECK(std::get<Plan>(plan(definition, facts, Generation::v0_20)).sql ==
        "select \"x{extension_schema}\"\"y\".f(), \"x{extension_schema}\"\"y\".g()");
}

TEST_CASE("a missing grant or extension is told with the SQL that mends it") {
  Definition definition = vacuum_progress();
  definition.needs = "pg_monitor";
  CHECK(std::get<Unsupported>(plan(definition, server(15), Generation::v0_20)) ==
        Unsupported{"needs the role pg_monitor", "GRANT pg_monitor TO \"pg\"\"vigil\";"});
  auto granted = server(15);
  granted.roles = {"pg_monitor"};
  CHECK(std::holds_alternative<Plan>(plan(definition, granted, Generation::v0_20)));
  definition.extension = "pg_buffercache";
  CHECK(std::get<Unsupported>(plan(definition, granted, Generation::v0_20)) ==
        Unsupported{"needs the extension pg_buffercache in database payments",
                    "CREATE EXTENSION \"pg_buffercache\";"});
}

TEST_CASE("a library that is not preloaded is told with the SQL that adds it to the others") {
  Definition definition = vacuum_progress();
  definition.extension = definition.preload = "pg_stat_statements";
  ServerFacts facts = server(17);
  facts.extensions = {{"pg_stat_statements", "1.11", "public"}};
  CHECK(std::holds_alternative<Plan>(plan(definition, facts, Generation::v0_20)));  // who may not know tries
  facts.preloaded = {{"$libdir/auto_explain", "timescaledb"}};
  CHECK(
      std::get<Unsupported>(plan(definition, facts, Generation::v0_20)) ==
      Unsupported{"needs pg_stat_statements in shared_preload_libraries, which takes a restart of the server",
                  "ALTER SYSTEM SET shared_preload_libraries = '$libdir/auto_explain', 'timescaledb', "
                  "'pg_stat_statements';"});
  facts.preloaded = {{"timescaledb", "$libdir/pg_stat_statements"}};
  CHECK(std::holds_alternative<Plan>(plan(definition, facts, Generation::v0_20)));
}

TEST_CASE("a superuser has every role") {
  Definition definition = vacuum_progress();
  definition.needs = "pg_monitor";
  auto facts = server(15);
  facts.superuser = true;
  CHECK(std::holds_alternative<Plan>(plan(definition, facts, Generation::v0_20)));
}

TEST_CASE("a label filter takes rows by globs") {
  const LabelFilter filter{"schemaname", {"app_*", "public"}, {"*_tmp"}};
  CHECK(filter.lets_pass("public"));
  CHECK(filter.lets_pass("app_core"));
  CHECK_FALSE(filter.lets_pass("app_tmp"));
  CHECK_FALSE(filter.lets_pass("pg_toast"));
  CHECK(LabelFilter{"x", {}, {"a*"}}.lets_pass("b"));
}

TEST_CASE("databases are chosen by globs, with exclusions") {
  const std::vector<std::string> all = {"app", "app_test", "postgres"};
  CHECK(chosen_by({"*", "!postgres"}, all) == std::vector<std::string>{"app", "app_test"});
  CHECK(chosen_by({"!app*"}, all) == std::vector<std::string>{"postgres"});
  CHECK(chosen_by({"none"}, all).empty());
}

TEST_CASE("a query is chosen by the version of the extension, in whatever schema that is") {
  Definition definition = vacuum_progress();
  definition.extension = "pg_stat_statements";
  definition.queries = {{.extension_versions = {110, 1000},
                         .sql = "select new from {extension_schema}.f({extension_schema}.g())"},
                        {.extension_versions = {108, 109}, .sql = "select old"}};
  auto facts = server(15);
  facts.extensions = {{"pg_stat_statements", "1.10", "my \"tools"}};
  CHECK(std::get<Plan>(plan(definition, facts, Generation::v0_20)).sql ==
        "select new from \"my \"\"tools\".f(\"my \"\"tools\".g())");
  facts.extensions[0].version = "1.9";
  CHECK(std::get<Plan>(plan(definition, facts, Generation::v0_20)).sql == "select old");
  facts.extensions[0].version = "1.7";
  CHECK(std::get<Unsupported>(plan(definition, facts, Generation::v0_20)) ==
        Unsupported{"needs a newer pg_stat_statements than 1.7",
                    "ALTER EXTENSION \"pg_stat_statements\" UPDATE;"});
}
