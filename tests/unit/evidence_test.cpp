#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent/notify/message/evidence_text.h"
#include "collectors/evidence/definition.h"
#include "rules/rule_file.h"

using namespace pgvigil;
using namespace pgvigil::evidence;

namespace {

std::string mistakes_of(std::string_view toml) {
  const auto parsed = parse_definition(toml, "mine.toml");
  std::string text;
  if (!parsed)
    for (const Diagnostic& diagnostic : parsed.error())
      text += to_string(diagnostic) + "\n";
  return text;
}

}  // namespace

TEST_CASE("evidence: a file says what is asked and what is shown") {
  const auto parsed = parse_definition(R"(
name = "queues"
title = "Jobs that wait"
scope = "database"
rows = 3
timeout = "500ms"
[[query]]
versions = "14-"
sql = "select queue, wait, sql from jobs"
[columns]
queue = "text"
wait = "seconds"
sql = "statement"
)",
                                       "mine.toml");
  REQUIRE(parsed);
  CHECK(parsed->asks.name == "queues");
  CHECK(parsed->asks.scope == collectors::Scope::database);
  CHECK(parsed->asks.timeout == std::chrono::milliseconds{500});
  CHECK(parsed->asks.queries.at(0).versions.first == 14);
  CHECK(parsed->rows == 3);
  CHECK(parsed->columns == std::vector<Column>{{"queue", ColumnKind::text},
                                               {"wait", ColumnKind::seconds},
                                               {"sql", ColumnKind::statement}});
}

TEST_CASE("evidence: mistakes are told with their places") {
  const std::string told = mistakes_of(R"(name = "queues"
title = ""
rows = 1000
[[query]]
sql = "delete from jobs"
[columns]
wait = "second"
)");
  CHECK(told.find("mine.toml:2") != std::string::npos);
  CHECK(told.find("mine.toml:3") != std::string::npos);
  CHECK(told.find("mine.toml:5") != std::string::npos);
  CHECK(told.find("mine.toml:7") != std::string::npos);
  CHECK(told.find("seconds") != std::string::npos);  // the nearest word
  CHECK(mistakes_of("name = 'x'\ntitle = 'X'\n").find("missing [[query]]") != std::string::npos);
}

TEST_CASE("evidence: what was collected says what gives it, and fills every column") {
  const auto parsed = parse_definition(R"toml(
name = "queues"
title = "Queues by who waits"
scope = "pooler"
pooler = "odyssey"
collectors = ["queues"]
by = ["queue"]
order = "queue_waiting"
[series]
share = "queue_waiting / 100"
[text.mode]
of = "queue_info"
label = "mode"
[[remark]]
when = "absent(queue_waiting offset 1h)"
say = "They are new."
[columns]
queue = "text"
share = "ratio"
mode = "text"
)toml",
                                       "mine.toml");
  REQUIRE(parsed);
  CHECK(parsed->asks.kind == ServerKind::odyssey);
  REQUIRE(parsed->collected);
  CHECK(parsed->collected->columns.size() == 2);
  CHECK(parsed->collected->columns[1].label == "mode");
  CHECK(parsed->collected->remarks.at(0).say == "They are new.");

  const std::string told = mistakes_of(R"(name = "queues"
title = "Queues"
scope = "pooler"
collectors = []
by = ["queue"]
order = "queue_waiting"
completes = ["statement"]
adds = "change"
[series]
wait = "queue_wait"
[columns]
queue = "text"
age = "seconds"
)");
  for (const char* part :
       {"missing key 'pooler'", "'collectors' is empty", "changes", "nothing fills the column 'age'",
        "there is no column 'wait'", "'completes' and [[query]] go together"}) {
    INFO(part << "\n" << told);
    CHECK(told.find(part) != std::string::npos);
  }
  CHECK(mistakes_of("name = 'x'\ntitle = 'X'\nscope = 'host'\n[[query]]\nsql = 'select 1 as a'\n[columns]\na "
                    "= 'text'\n")
            .find("only Postgres is asked") != std::string::npos);
}

TEST_CASE("evidence: every name that a shipped rule gives is there") {
  const auto definitions = builtin();
  const auto book = rules::load_rules(rules::shipped_rule_files(), {});
  REQUIRE(book);
  for (const rules::Rule& rule : book->rules)
    for (const std::string& name : rule.evidence) {
      INFO(rule.name << ": " << name);
      CHECK(std::ranges::any_of(definitions, [&](const auto& each) { return each.asks.name == name; }));
    }
}

TEST_CASE("evidence: as text and as JSON") {
  const Evidence seen{
      .name = "queues",
      .title = "Jobs that wait",
      .columns = {{"queue", ColumnKind::text}, {"wait", ColumnKind::seconds}, {"size", ColumnKind::bytes}},
      .rows = {{"7", "192", "3221225472"}, {"mail", std::nullopt, "0"}},
      .left_out = 4,
      .taken_at = Timestamp(std::chrono::seconds{100})};
  CHECK(agent::evidence_text(seen) ==
        "queue  wait    size\n"
        "    7  3m 12s  3GiB\n"
        "mail        -  0B\n"
        "and 4 more\n");
  const auto json = nlohmann::json::parse(agent::evidence_json(seen));
  CHECK(json["rows"] == nlohmann::json::parse(R"([["7", 192.0, 3221225472.0], ["mail", null, 0.0]])"));
  CHECK(json["columns"][1] == nlohmann::json::parse(R"({"name": "wait", "kind": "seconds"})"));
  CHECK(json["left_out"] == 4);
  CHECK(json["taken_at"] == 100.0);
}

TEST_CASE("evidence: ratios, times and a remark as people read them") {
  const Evidence seen{.name = "queues",
                      .columns = {{"share", ColumnKind::ratio}, {"until", ColumnKind::time}},
                      .rows = {{"0.1234", "1800000000"}},
                      .remark = "It is new."};
  CHECK(agent::evidence_text(seen) ==
        "share   until\n"
        "12.3 %  2027-01-15 08:00:00Z\n"
        "It is new.\n");
  CHECK(agent::evidence_from_json(agent::evidence_json(seen))->remark == "It is new.");
  const Evidence never{.name = "roles", .columns = {{"until", ColumnKind::time}}, .rows = {{"Infinity"}}};
  CHECK(agent::evidence_text(never) ==
        "until\n"
        "Infinity\n");
}
