#include "collectors/definition.h"

#include <catch2/catch.hpp>
#include <string>

using namespace pgvigil;
using namespace pgvigil::collectors;
using namespace std::chrono_literals;

namespace {

/// The mistakes of a definition file, a line each; empty when it is good.
std::string mistakes(std::string_view text) {
  const auto parsed = parse_definition(text, "d.toml");
  if (parsed) return "";
  std::string lines;
  for (const Diagnostic& diagnostic : parsed.error())
    lines += to_string(diagnostic) + "\n";
  return lines;
}

const std::string k_head = "name = \"d\"\nhelp = \"A definition\"\n";  // lines 1 and 2
const std::string k_query = "[[query]]\nsql = \"select 1 as n, 'x' as l\"\n";
const std::string k_metric =
    "[[metric]]\nname = \"my_number\"\ntype = \"gauge\"\nvalue = \"n\"\nhelp = \"A number of ours, from "
    "here.\"\n";

/// A metric whose lines come after those of k_head and k_query: it begins in line 5.
std::string with_metric(const std::string& lines) {
  return k_head + k_query + "[[metric]]\n" + lines;
}

/// A good metric but for its name, type and unit.
std::string named(const std::string& name, const std::string& type, const std::string& more = "") {
  return with_metric("name = \"" + name + "\"\ntype = \"" + type + "\"\nvalue = \"n\"\n" + more +
                     "help = \"A number of ours, from here.\"\n");
}

}  // namespace

TEST_CASE("a full definition is read as it is written", "[definition]") {
  const auto parsed = parse_definition(R"(name      = "things"
help      = "Things by kind"
every     = "1m30s"
timeout   = "2s"
scope     = "database"
role      = "primary"
enabled   = false
needs     = "pg_monitor"
wants     = "pg_read_all_settings"
extension = "pg_buffercache"
skip_when = "locked"

[[query]]
versions = "17-"
role     = "primary"
sql = '''
select 1 as n'''

[[query]]
versions = "13-16"
compatibility = ["0.20", "0.15"]
sql = "select 2 as n"

[[metric]]
name   = "pg_things_count"
type   = "counter"
unit   = "milliseconds"
value  = "n"
labels = ["kind", "place"]
versions = "14"
compatibility = ["off"]
help   = "Things of each kind, from pg_things."

[[metric]]
name   = "pgvigil_things"
type   = "untyped"
value  = "n"
help   = "Things in all, from pg_things."
)",
                                       "things.toml");
  REQUIRE(!parsed);  // the first metric: no query is for version 14 in generation off
  CHECK(to_string(parsed.error().front()) ==
        "things.toml:24:1: metric 'pg_things_count' is never exported: no query is for its versions");

  const auto good = parse_definition(k_head + R"(every = "1m30s"
timeout = "2s"
scope = "database"
role = "standby"
enabled = false
needs = "pg_monitor"
wants = "pg_read_all_settings"
extension = "pg_buffercache"
skip_when = "locked"
cost = "medium"
source = ["pg_things", "pg_other_things"]
[[query]]
versions = "17-"
role = "standby"
sql = "select 1 as n"
[[query]]
versions = "13-16"
compatibility = ["0.20", "0.15"]
sql = "select 2 as n"
[[metric]]
name = "pg_things_count"
type = "counter"
unit = "milliseconds"
value = "n"
labels = ["kind", "place"]
versions = "14"
compatibility = ["0.15"]
help = "Things of each kind, from pg_things."
)",
                                     "things.toml");
  REQUIRE(good);
  CHECK(good->name == "d");
  CHECK(good->help == "A definition");
  CHECK(good->file == "things.toml");
  CHECK(good->every == 90s);
  CHECK(good->timeout == 2s);
  CHECK(good->scope == Scope::database);
  CHECK(good->role == RoleFilter::standby);
  CHECK_FALSE(good->enabled);
  CHECK_FALSE(good->pivot);
  CHECK(good->needs == "pg_monitor");
  CHECK(good->wants == "pg_read_all_settings");
  CHECK(good->extension == "pg_buffercache");
  CHECK(good->skip_when == "locked");
  CHECK(good->cost == Cost::medium);
  CHECK(good->source == std::vector<std::string>{"pg_things", "pg_other_things"});
  REQUIRE(good->queries.size() == 2);
  CHECK(good->queries[0].versions.first == 17);
  CHECK(good->queries[0].versions.contains(99));
  CHECK(good->queries[0].role == RoleFilter::standby);
  CHECK(good->queries[0].generations.empty());
  CHECK(good->queries[1].versions.last == 16);
  CHECK(good->queries[1].generations == std::vector{Generation::v0_20, Generation::v0_15});
  CHECK(good->queries[1].sql == "select 2 as n");
  REQUIRE(good->metrics.size() == 1);
  const MetricDefinition& metric = good->metrics[0];
  CHECK(metric.name == "pg_things_count");
  CHECK(metric.type == MetricType::counter);
  CHECK(metric.unit == Unit::milliseconds);
  CHECK(metric.value == "n");
  CHECK(metric.labels == std::vector<std::string>{"kind", "place"});
  CHECK(metric.versions.first == 14);
  CHECK(metric.versions.last == 14);
  CHECK(metric.generations == std::vector{Generation::v0_15});
  CHECK(metric.help == "Things of each kind, from pg_things.");
}

TEST_CASE("what a definition leaves out has its default", "[definition]") {
  const auto parsed = parse_definition(k_head + k_query + k_metric, "d.toml");
  REQUIRE(parsed);
  CHECK(parsed->every == 15s);
  CHECK(parsed->timeout == 5s);
  CHECK(parsed->scope == Scope::server);
  CHECK(parsed->role == RoleFilter::any);
  CHECK(parsed->enabled);
  CHECK(parsed->queries[0].versions.contains(13));
  CHECK(parsed->metrics[0].unit == Unit::none);
  CHECK(parsed->metrics[0].labels.empty());
}

TEST_CASE("an empty definition is told everything that it lacks", "[definition]") {
  CHECK(mistakes("") ==
        "d.toml:1:1: missing key 'name'\n"
        "d.toml:1:1: missing key 'help'\n"
        "d.toml:1:1: missing [[query]]\n"
        "d.toml:1:1: missing [[metric]]\n");
  CHECK(mistakes(k_head + "[[query]]\n[[metric]]\n") ==
        "d.toml:3:1: missing key 'sql'\n"
        "d.toml:4:1: missing key 'name'\n"
        "d.toml:4:1: missing key 'type'\n"
        "d.toml:4:1: missing key 'help'\n"
        "d.toml:4:1: missing key 'value'\n");
}

TEST_CASE("mistakes in many places are told at once, in the order of the lines", "[definition]") {
  CHECK(mistakes(R"(name = "Locks"
help = ""
evry = "15s"
timeout = 5
scope = "serwer"
needs = "pg_moniter"

[[query]]
version = "13-"
sql = '''
select 1;
'''

[[metric]]
name = "pg locks"
type = "gague"
unit = "second"
value = ""
labels = ["mode", "mode", "__x", "a b"]
help = "short"
)") == "d.toml:1:8: bad collector name 'Locks' (A collector's name has lower-case letters, digits and '_' "
       "and begins "
       "with a letter.)\n"
       "d.toml:2:8: 'help' is empty\n"
       "d.toml:3:1: unknown key 'evry' (Did you mean 'every'?)\n"
       "d.toml:4:11: 'timeout' must be a duration, not an integer (Write a number and a unit, in quotes: "
       "\"500ms\", "
       "\"15s\", \"1m30s\", \"2h\".)\n"
       "d.toml:5:9: 'scope' must be one of server, database, pooler, host, backups, patroni, not 'serwer' "
       "(Did you mean 'server'?)\n"
       "d.toml:6:9: 'needs' must be one of pg_monitor, pg_read_all_settings, pg_read_all_stats, "
       "pg_stat_scan_tables, "
       "pg_read_all_data, pg_read_server_files, pg_signal_backend, not 'pg_moniter' (Did you mean "
       "'pg_monitor'?)\n"
       "d.toml:9:1: unknown key 'version' (Did you mean 'versions'?)\n"
       "d.toml:11:9: a ';' in the query (A collector has one statement: write it without the ';'.)\n"
       "d.toml:15:8: bad metric name 'pg locks' (A metric name has letters, digits, '_' and ':' and begins "
       "with no "
       "digit.)\n"
       "d.toml:16:8: 'type' must be one of gauge, counter, untyped, not 'gague' (Did you mean 'gauge'?)\n"
       "d.toml:17:8: 'unit' must be one of seconds, milliseconds, bytes, blocks, transactions, ratio, not "
       "'second' "
       "(Did you mean 'seconds'?)\n"
       "d.toml:18:9: 'value' is empty\n"
       "d.toml:19:19: label 'mode' stands twice\n"
       "d.toml:19:27: bad label name '__x' (Names that begin with '__' are Prometheus's own.)\n"
       "d.toml:19:34: bad label name 'a b' (A label name has letters, digits and '_' and begins with no "
       "digit.)\n"
       "d.toml:20:8: help of 'pg locks' is not a sentence (Say what is counted and from which view, in at "
       "least 15 "
       "characters, and end it with a full stop.)\n");
}

TEST_CASE("a collector does not run more often than each second", "[definition]") {
  CHECK(mistakes(k_head + "every = \"999ms\"\n" + k_query + k_metric) ==
        "d.toml:3:9: 'every' must be at least 1s, not 999ms\n");
}

TEST_CASE("a class of cost has a least interval", "[definition]") {
  const auto with = [](const std::string& lines) { return mistakes(k_head + lines + k_query + k_metric); };
  CHECK(with("cost = \"low\"\nevery = \"1s\"\n") == "");
  CHECK(with("cost = \"medium\"\nevery = \"30s\"\n") == "");
  CHECK(with("cost = \"high\"\nevery = \"5m\"\n") == "");
  CHECK(with("cost = \"medium\"\n") ==
        "d.toml:3:8: a collector of cost 'medium' runs every 30s at the most (Write a longer 'every'.)\n");
  CHECK(with("cost = \"high\"\nevery = \"1m\"\n") ==
        "d.toml:3:8: a collector of cost 'high' runs every 300s at the most (Write a longer 'every'.)\n");
  CHECK(with("cost = \"hihg\"\n") ==
        "d.toml:3:8: 'cost' must be one of low, medium, high, not 'hihg' (Did you mean 'high'?)\n");
  CHECK(with("source = [\"pg_things\", \"\"]\n") == "d.toml:3:24: an empty name\n");
}

TEST_CASE("a query that writes or has two statements is refused at its place", "[definition]") {
  CHECK(mistakes(k_head + "[[query]]\nsql = \"delete from t\"\n" + k_metric) ==
        "d.toml:4:8: the query begins with 'delete' (A collector only reads: begin with select, with, show, "
        "table or "
        "values.)\n");
  CHECK(mistakes(k_head + "[[query]]\nsql = \"\"\n" + k_metric) == "d.toml:4:8: the query is empty\n");
  CHECK(mistakes(k_head + "[[query]]\nsql = 5\n" + k_metric) ==
        "d.toml:4:7: 'sql' must be a string, not an integer\n");
}

TEST_CASE("a value that is a label too is refused", "[definition]") {
  CHECK(mistakes(k_head + k_query + k_metric + "labels = [\"l\", \"n\"]\n") ==
        "d.toml:10:16: column 'n' is the value and a label (A label that changes with the value makes a new "
        "series "
        "each time.)\n");
}

TEST_CASE("help is one sentence with a full stop", "[definition]") {
  const auto with_help = [](const std::string& help) {
    return mistakes(with_metric("name = \"n\"\ntype = \"gauge\"\nvalue = \"n\"\nhelp = \"" + help + "\"\n"));
  };
  CHECK(with_help("Numbers of ours.") == "");
  CHECK(
      with_help("Numbers of ours, without an end").starts_with("d.toml:9:8: help of 'n' is not a sentence"));
  CHECK(with_help("Fourteen char.").starts_with("d.toml:9:8: help of 'n' is not a sentence"));
  CHECK(with_help("Numbers.\\nOf two lines.") == "d.toml:9:8: help has more than one line\n");
}

TEST_CASE("pgvigil's own names keep Prometheus's rules", "[definition]") {
  CHECK(mistakes(named("pgvigil_things_total", "counter")) == "");
  CHECK(mistakes(named("pgvigil_things", "counter")) ==
        "d.toml:6:8: counter 'pgvigil_things' must end in '_total'\n");
  CHECK(mistakes(named("pgvigil_things_total", "gauge")) ==
        "d.toml:6:8: 'pgvigil_things_total' ends in '_total' and is no counter\n");
  CHECK(mistakes(named("pgvigil_age_seconds", "gauge", "unit = \"seconds\"\n")) == "");
  CHECK(mistakes(named("pgvigil_io_seconds_total", "counter", "unit = \"seconds\"\n")) == "");
  CHECK(mistakes(named("pgvigil_age", "gauge", "unit = \"seconds\"\n")) ==
        "d.toml:6:8: 'pgvigil_age' must have its unit in its name: '_seconds'\n");
  CHECK(mistakes(named("pgvigil_xbytes", "gauge", "unit = \"bytes\"\n")) ==
        "d.toml:6:8: 'pgvigil_xbytes' must have its unit in its name: '_bytes'\n");
  CHECK(mistakes(named("pgvigil_io_seconds_total", "counter")) ==
        "d.toml:6:8: 'pgvigil_io_seconds_total' must have unit = \"seconds\"\n");
  CHECK(mistakes(named("pgvigil_x_milliseconds", "gauge", "unit = \"milliseconds\"\n")) ==
        "d.toml:6:8: 'pgvigil_x_milliseconds' must be in seconds\n");
  CHECK(mistakes(named("pgvigil_xid_age", "gauge", "unit = \"transactions\"\n")) == "");
  SECTION("names of others stay as they are") {
    CHECK(mistakes(named("pg_stat_database_blk_read_time", "counter", "unit = \"milliseconds\"\n")) == "");
    CHECK(mistakes(named("pg_x_total", "gauge")) == "");
  }
}

TEST_CASE("a query that earlier ones always precede is named", "[definition]") {
  const auto queries = [](const std::string& first, const std::string& second, const std::string& top = "") {
    return mistakes(k_head + top + "[[query]]\n" + first + "sql = \"select 1 as n\"\n[[query]]\n" + second +
                    "sql = \"select 2 as n\"\n" + k_metric);
  };
  const std::string never =
      "this query is never used: those before it take all its versions (The first query that "
      "fits the server is taken: put the special one first, or narrow the others.)\n";
  CHECK(queries("", "versions = \"17-\"\n") == "d.toml:5:1: " + never);
  CHECK(queries("versions = \"13-\"\n", "versions = \"13-16\"\n") == "d.toml:6:1: " + never);
  CHECK(queries("versions = \"17-\"\n", "versions = \"13-\"\n") == "");
  CHECK(queries("versions = \"13-16\"\n", "versions = \"16-17\"\n") == "");
  CHECK(queries("role = \"primary\"\n", "") == "");
  CHECK(queries("role = \"primary\"\n", "role = \"primary\"\nversions = \"17\"\n") == "d.toml:6:1: " + never);
  CHECK(queries("compatibility = [\"0.15\"]\n", "") == "");
  CHECK(queries("", "role = \"standby\"\n", "role = \"primary\"\n") ==
        "d.toml:6:1: this query is never used: the collector runs on the other role only\n");
}

TEST_CASE("three queries can hide a fourth together", "[definition]") {
  std::string text = k_head;
  for (const char* range : {"role = \"primary\"", "role = \"standby\"\nversions = \"17-\"",
                            "role = \"standby\"\nversions = \"1-16\"", "versions = \"15\""})
    text += "[[query]]\n" + std::string(range) + "\nsql = \"select 1 as n\"\n";
  CHECK(mistakes(text + k_metric).starts_with("d.toml:14:1: this query is never used"));
}

TEST_CASE("a metric that is there twice, or never, is named", "[definition]") {
  const auto metrics = [](const std::string& first, const std::string& second) {
    return mistakes(k_head + "[[query]]\nversions = \"13-\"\nsql = \"select 1 as n\"\n" + k_metric + first +
                    k_metric + second);
  };
  CHECK(metrics("", "") ==
        "d.toml:11:1: metric 'my_number' is in line 6 already (Remove one, or give them versions or "
        "compatibility that "
        "do not overlap.)\n");
  CHECK(metrics("versions = \"13-16\"\n", "versions = \"16-\"\n")
            .starts_with("d.toml:12:1: metric 'my_number' is in"));
  CHECK(metrics("versions = \"13-16\"\n", "versions = \"17-\"\n") == "");
  CHECK(metrics("compatibility = [\"0.15\"]\n", "compatibility = [\"0.20\", \"off\"]\n") == "");
  CHECK(metrics("compatibility = [\"0.15\"]\n", "")
            .starts_with("d.toml:12:1: metric 'my_number' is in line 6"));
  CHECK(metrics("versions = \"13-\"\n", "versions = \"12\"\n") ==
        "d.toml:12:1: metric 'my_number' is never exported: no query is for its versions\n");
}

TEST_CASE("what a mistake leaves unknown is not judged", "[definition]") {
  CHECK(mistakes(k_head + "[[query]]\nversions = \"new\"\nsql = \"select 1 as n\"\n" + k_query + k_metric) ==
        "d.toml:4:12: bad versions 'new' (Write major versions: \"13-\", \"13-16\" or \"17\".)\n");
  CHECK(mistakes(k_head + k_query + k_metric + "compatibility = [\"0.21\"]\n") ==
        "d.toml:10:18: 'compatibility' must be one of 0.20, 0.15, off, not '0.21' (Did you mean '0.20'?)\n");
}

TEST_CASE("a pivot takes names from columns", "[definition]") {
  const auto pivot = [](const std::string& name, const std::string& help, bool is_pivot = true) {
    return mistakes(k_head + (is_pivot ? "pivot = true\n" : "pivot = false\n") + k_query +
                    "[[metric]]\nname = \"" + name + "\"\ntype = \"gauge\"\nvalue = \"n\"\nhelp = \"" + help +
                    "\"\n");
  };
  const std::string sentence = "A number of ours, from here.";
  CHECK(pivot("pg_settings_{name}{suffix}", "{help}") == "");
  CHECK(pivot("pg_settings_{name}", sentence) == "");
  CHECK(pivot("pg_settings_{name}", "Server parameter {name}{reading}, from pg_settings.") == "");
  CHECK(pivot("pg_settings_{name}", "Server parameter {name, from pg_settings.") ==
        "d.toml:10:8: bad pattern in the help of 'pg_settings_{name}' (A column's name stands in braces: "
        "\"Server parameter "
        "{name}, from pg_settings.\")\n");
  CHECK(pivot("pg_settings_name", sentence) ==
        "d.toml:7:8: 'pg_settings_name' names no column and the collector has pivot = true (Each row is a "
        "metric of its "
        "own: put a column into the name, as \"pg_settings_{name}\".)\n");
  CHECK(pivot("pg_settings_{name}", sentence, false) ==
        "d.toml:7:8: 'pg_settings_{name}' is a pattern and the collector has no pivot (Write pivot = true "
        "above the first "
        "[[query]].)\n");
  for (const char* bad : {"pg_{", "pg_}", "pg_{}", "pg_{a", "pg_{a b}", "pg_{{a}}", "pg_a}{"})
    CHECK(pivot(bad, sentence) == "d.toml:7:8: bad pattern '" + std::string(bad) +
                                      "' (A column's name stands in braces: \"pg_settings_{name}\".)\n");
  CHECK(
      pivot("pg settings_{name}", sentence).starts_with("d.toml:7:8: bad metric name 'pg settings_{name}'"));
  CHECK(pivot("pg_{name}", "{a}{b}").starts_with("d.toml:10:8: help of 'pg_{name}' is not a sentence"));
}

TEST_CASE("a single table in the place of an array is told how to be one", "[definition]") {
  CHECK(mistakes(k_head + "[query]\nsql = \"select 1 as n\"\n" + k_metric) ==
        "d.toml:3:1: 'query' must be an array of tables, not a table (Write [[query]].)\n");
}

TEST_CASE("versions", "[definition]") {
  const auto range = parse_versions("13-16");
  REQUIRE(range);
  CHECK(range->first == 13);
  CHECK(range->last == 16);
  CHECK(parse_versions("17")->last == 17);
  CHECK(parse_versions("17-")->contains(999));
  for (const char* bad :
       {"", "-", "-17", "17-16", "x", "13 - 16", "13-16-18", "0", "130", "1.5", "13+", " 13"})
    CHECK_FALSE(parse_versions(bad));
}

TEST_CASE("a collector on a pooler has the pooler's versions and asks its console only to SHOW",
          "[definition]") {
  const std::string head = "name = \"d\"\nhelp = \"A definition\"\nscope = \"pooler\"\n";
  const std::string query = "[[query]]\nversions = \"1.23-\"\nsql = \"SHOW POOLS\"\n";
  const auto good = parse_definition(head + "pooler = \"pgbouncer\"\n" + query + k_metric, "d.toml");
  REQUIRE(good);
  CHECK(good->kind == ServerKind::pgbouncer);
  CHECK(good->queries[0].versions.first == 123);
  CHECK(mistakes(head + query + k_metric).contains("d.toml:1:1: missing key 'pooler'"));
  CHECK(mistakes(head + "pooler = \"pgbouncer\"\nneeds = \"pg_monitor\"\n" + query + k_metric) ==
        "d.toml:5:9: 'needs' is for a collector on Postgres\n");
  CHECK(
      mistakes(head + "pooler = \"pgbouncer\"\n[[query]]\nversions = \"13-\"\nsql = \"select 1\"\n" +
               k_metric) ==
      "d.toml:6:12: bad versions '13-' (Write the pooler's versions: \"1.23-\", \"1.18-1.22\" or \"1.24\".)\n"
      "d.toml:7:8: a console is only asked to SHOW (Write the command as it is typed there: \"SHOW "
      "POOLS\".)\n");
  CHECK(mistakes(k_head + "pooler = \"pgbouncer\"\n" + k_query + k_metric) ==
        "d.toml:3:10: 'pooler' is for a collector with scope = \"pooler\"\n");
}

TEST_CASE("a collector of the host says what it reads", "[definition]") {
  const std::string head = "name = \"d\"\nhelp = \"A definition\"\nscope = \"host\"\n";
  const auto good = parse_definition(head + "[[query]]\nread = \"memory\"\n" + k_metric, "d.toml");
  REQUIRE(good);
  CHECK(good->kind == ServerKind::host);
  CHECK(mistakes(head + "[[query]]\nread = \"memori\"\n" + k_metric).contains("Did you mean 'memory'?"));
}

TEST_CASE("a value may be worked out of columns, and a mistake in it is told with its place",
          "[definition]") {
  const std::string types =
      "name = \"my_number\"\ntype = \"gauge\"\nhelp = \"A number of ours, from here.\"\n";
  CHECK(mistakes(with_metric(types + "value = \"a + b * 1e-6\"\noptional = true\nwhen = { l = \"!x\" }\n")) ==
        "");
  CHECK(mistakes(with_metric(types + "value = \"a + * b\"\n")) ==
        "d.toml:9:14: bad value 'a + * b': '*' is no column and no number\n");
  CHECK(mistakes(with_metric(types + "value = \"a * 2\"\nlabels = [\"a\"]\n"))
            .contains("column 'a' is the value and a label"));
}

TEST_CASE("rows are grouped by all metrics of a collector or by none", "[definition]") {
  const std::string grouped =
      "[[metric]]\nname = \"other\"\ntype = \"gauge\"\nvalue = \"1\"\naggregate = \"sum\"\n"
      "help = \"A number of ours, from here.\"\n";
  CHECK(mistakes(k_head + k_query + grouped) == "");
  CHECK(mistakes(k_head + k_query + k_metric + grouped) ==
        "d.toml:5:1: metric 'my_number' has no 'aggregate' and others of the collector have one (Say how the "
        "values "
        "of several rows become one: \"sum\" or \"max\".)\n");
}

TEST_CASE("stages are read", "[definition]") {
  const auto parsed = parse_definition(k_head + R"(publish_every = "30s"
[[query]]
sql = "select 1 as n"
[[metric]]
name = "my_seconds_total"
type = "counter"
value = "n"
accumulate = "seconds"
labels = ["datname", "relname"]
help = "A number of ours, from here."
[top]
rows = 7
by = ["n"]
per = ["datname"]
)",
                                       "d.toml");
  REQUIRE(parsed);
  CHECK(parsed->publish_every == 30s);
  CHECK(parsed->metrics[0].derivation == Derivation::sampled);
  CHECK(parsed->top == TopDefinition{.rows = 7, .by = {"n"}, .per = {"datname"}});

  const auto rates = parse_definition(k_head + k_query + R"([[metric]]
name = "my_rate"
type = "gauge"
rate = { of = "n" }
other = "max"
help = "A number of ours, from here."
[[metric]]
name = "my_end"
type = "gauge"
unit = "seconds"
time_left = { of = "left", spent = "n", over = "2h" }
help = "A number of ours, from here."
)",
                                      "d.toml");
  REQUIRE(rates);
  CHECK(rates->metrics[0].derivation == Derivation::rate);
  CHECK(rates->metrics[0].value == "n");
  CHECK(rates->metrics[0].over == 5min);
  CHECK(rates->metrics[0].other == OtherRule::max);
  CHECK(rates->metrics[1].derivation == Derivation::time_left);
  CHECK(rates->metrics[1].value == "left");
  CHECK(rates->metrics[1].beside == std::vector<std::string>{"n"});
  CHECK(rates->metrics[1].over == 2h);
  CHECK(rates->metrics[1].other == OtherRule::min);
}

TEST_CASE("mistakes in stages are told at their place", "[definition]") {
  const auto metric = [](const std::string& lines, const std::string& type = "gauge") {
    return mistakes(with_metric("name = \"n\"\ntype = \"" + type +
                                "\"\nhelp = \"A number of ours, from here.\"\n" + lines));
  };
  CHECK(metric("") == "d.toml:5:1: missing key 'value'\n");
  CHECK(metric("value = \"n\"\nacumulate = \"seconds\"\n") ==
        "d.toml:10:1: unknown key 'acumulate' (Did you mean 'accumulate'?)\n");
  CHECK(metric("value = \"n\"\naccumulate = \"second\"\n", "counter") ==
        "d.toml:10:14: 'accumulate' must be one of seconds, not 'second' (Did you mean 'seconds'?)\n");
  CHECK(metric("value = \"n\"\naccumulate = \"seconds\"\n") ==
        "d.toml:10:14: what adds up is a counter (Write type = \"counter\".)\n");
  CHECK(metric("value = \"n\"\nrate = { of = \"n\" }\n") ==
        "d.toml:9:9: 'value' and 'rate' exclude each other (The column stands in 'of'.)\n");
  CHECK(metric("rate = { off = \"n\" }\n") ==
        "d.toml:9:8: missing key 'of'\nd.toml:9:10: unknown key 'off' (Did you mean 'of'?)\n");
  CHECK(metric("rate = { of = \"n\" }\n", "counter") ==
        "d.toml:9:8: a rate is a gauge (Write type = \"gauge\".)\n");
  CHECK(metric("time_left = { of = \"n\", spent = \"\" }\nunit = \"seconds\"\n") ==
        "d.toml:9:33: 'spent' is empty\n");
  CHECK(metric("time_left = { of = \"n\", spent = \"m\" }\n") ==
        "d.toml:9:13: a time left is a gauge in seconds (Write type = \"gauge\" and unit = \"seconds\".)\n");
  CHECK(metric("lag = { of = \"n\" }\nunit = \"seconds\"\n") == "d.toml:9:7: missing key 'behind'\n");
  CHECK(metric("lag = { of = \"n\", behind = \"m\" }\n") ==
        "d.toml:9:7: a lag is a gauge in seconds (Write type = \"gauge\" and unit = \"seconds\".)\n");
  CHECK(metric("lag = { of = \"n\", behind = \"m\" }\nrate = { of = \"n\" }\nunit = \"seconds\"\n") ==
        "d.toml:9:7: 'rate' and 'lag' exclude each other\n");
  CHECK(metric("value = \"n\"\nother = \"sum\"\n", "counter") ==
        "d.toml:10:9: 'other' is for gauges (Counters always add up.)\n");

  const auto whole = [](const std::string& more, const std::string& top = "") {
    return mistakes(k_head + top + k_query + k_metric + "labels = [\"mode\"]\n" + more);
  };
  CHECK(whole("[top]\nrows = 5\n") == "d.toml:11:1: missing key 'by'\n");
  CHECK(whole("[top]\nby = []\n") == "d.toml:12:6: nothing to rank by\n");
  CHECK(whole("[top]\nby = [\"m\"]\n") ==
        "d.toml:12:7: no metric of collector 'd' shows a column 'm' (Did you mean 'n'?)\n");
  CHECK(whole("[top]\nby = [\"n\"]\nper = [\"mod\"]\n") ==
        "d.toml:13:8: the metric of 'n' has no label 'mod' (Did you mean 'mode'?)\n");
  CHECK(whole("", "publish_every = \"1m\"\n") ==
        "d.toml:3:17: only a collector that accumulates publishes less often than it runs (Write a longer "
        "'every', or "
        "accumulate = \"seconds\" at the metrics.)\n");
  CHECK(mistakes(k_head + k_query + k_metric + "[top]\nby = [\"n\"]\n") ==
        "d.toml:11:7: the metric of column 'n' has no labels: there is one row\n");
  CHECK(whole("[[metric]]\nname = \"m_total\"\ntype = \"counter\"\nvalue = \"m\"\naccumulate = "
              "\"seconds\"\nhelp = \"A "
              "number of ours, from here.\"\n") ==
        "d.toml:1:1: metric 'my_number' does not accumulate, and others of the collector do (A row that is "
        "not seen keeps "
        "its sum, but has no other value: give it a file of its own.)\n");
}

TEST_CASE("queries for versions of an extension", "[definition]") {
  const auto queries = [](const std::string& top, const std::string& first, const std::string& second) {
    return mistakes(k_head + top + "[[query]]\n" + first + "sql = \"select 1 as n\"\n[[query]]\n" + second +
                    "sql = \"select 2 as n\"\n" + k_metric);
  };
  const std::string extension = "extension = \"pg_stat_statements\"\n";
  CHECK(queries(extension, "extension_versions = \"1.10-\"\n", "") == "");
  CHECK(queries(extension, "", "extension_versions = \"1.10-\"\n")
            .starts_with("d.toml:6:1: this query is never used"));
  CHECK(queries("", "extension_versions = \"1.10-\"\n", "") ==
        "d.toml:4:22: the collector names no extension (Write extension = \"...\" above the first "
        "[[query]].)\n");
  CHECK(queries(extension, "extension_versions = \"newest\"\n", "") ==
        "d.toml:5:22: bad versions 'newest' (Write versions of the extension: \"1.9-\", \"1.8-1.10\" or "
        "\"1.12\".)\n");
  CHECK(mistakes(k_head + "[[query]]\nsql = \"select n from {extension_schema}.f()\"\n" + k_metric) ==
        "d.toml:4:22: the collector names no extension whose schema this could be (Write extension = \"...\" "
        "above the "
        "first [[query]].)\n");
}

TEST_CASE("labels that hold statements are labels", "[definition]") {
  const auto with = [](const std::string& labels) {
    return mistakes(k_head + "statement_labels = " + labels + "\n" + k_query + k_metric +
                    "labels = [\"query\"]\n");
  };
  CHECK(with("[\"query\"]") == "");
  CHECK(with("[\"querry\"]") == "d.toml:3:21: no metric has a label 'querry' (Did you mean 'query'?)\n");
}
