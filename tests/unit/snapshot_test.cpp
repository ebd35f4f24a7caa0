#include "agent/watching/exposition/snapshot.h"

#include <catch2/catch.hpp>

#include "agent/watching/status.h"
#include "collectors/model/table_builder.h"
#include "collectors/model/table_editor.h"
#include "tests/unit/fragment_text.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

Table one_value(double value) {
  auto schema = std::make_shared<TableSchema>();
  schema->metrics = {
      {*MetricName::parse("pg_test"), MetricType::gauge, Unit::none, "One value for a test.", {}}};
  TableBuilder builder(schema, 10);
  builder.add_row();
  builder.set_value(0, value);
  return std::move(builder).finish({});
}

std::string text_of(const Published& published, Format format = Format::text) {
  return test::text_of({published.fragment(format)});
}

/// `rows` rows of two values; the second row has the first one only.
Table rows_of_two(std::size_t rows) {
  auto schema = std::make_shared<TableSchema>();
  schema->labels = {*LabelName::parse("row")};
  for (const char* name : {"pg_one", "pg_two"})
    schema->metrics.push_back(
        {*MetricName::parse(name), MetricType::gauge, Unit::none, "A value for a test.", {0}});
  TableBuilder builder(schema, 1000);
  for (std::size_t row = 0; row < rows; ++row) {
    builder.add_row();
    builder.set_label(0, std::to_string(row));
    builder.set_value(0, 1);
    if (row != 1) builder.set_value(1, 2);
  }
  return std::move(builder).finish({});
}

}  // namespace

TEST_CASE("a snapshot serves the last table of each collector, by name") {
  Snapshot snapshot;
  const auto later = Clock::now() + 1h;
  snapshot.publish("locks", one_value(1), later);
  snapshot.publish("activity", one_value(2), later);
  snapshot.publish("locks", one_value(3), later);
  const auto view = snapshot.view(Clock::now());
  REQUIRE(view.size() == 2);
  CHECK(view[0]->collector() == "activity");
  CHECK(text_of(*view[1]).ends_with("pg_test 3\n"));
}

TEST_CASE("a table that expired or was withdrawn is not served") {
  Snapshot snapshot;
  const auto now = Clock::now();
  snapshot.publish("short", one_value(1), now + 1s);
  snapshot.publish("long", one_value(2), now + 1h);
  snapshot.publish("gone", one_value(3), now + 1h);
  snapshot.withdraw("gone");
  const auto view = snapshot.view(now + 2s);
  REQUIRE(view.size() == 1);
  CHECK(view[0]->collector() == "long");
}

TEST_CASE("a reader keeps what it saw while a writer goes on") {
  Snapshot snapshot;
  const auto later = Clock::now() + 1h;
  snapshot.publish("locks", one_value(1), later);
  const auto seen = snapshot.view(Clock::now());
  snapshot.publish("locks", one_value(2), later);
  CHECK(text_of(*seen[0]).ends_with("pg_test 1\n"));
}

TEST_CASE("both formats of one table can be had, each rendered once") {
  Snapshot snapshot;
  snapshot.configure("cluster=\"main\"");
  const auto published = snapshot.publish("locks", one_value(1), Clock::now() + 1h);
  const auto first = published->fragment(Format::openmetrics);
  CHECK(first == published->fragment(Format::openmetrics));
  CHECK(text_of(*published).ends_with("pg_test{cluster=\"main\"} 1\n"));
}

TEST_CASE("pg_up tells whether the server answered within the interval") {
  ServerStatus server;
  const auto now = Clock::now();
  CHECK_FALSE(is_up(server, now, 15s));
  server.ever_asked = true;
  server.last_answer = now - 5s;
  CHECK(is_up(server, now, 15s));
  CHECK_FALSE(is_up(server, now + 11s, 15s));
  server.trouble = Error{ErrorKind::timed_out, "the server did not answer by the deadline"};
  CHECK_FALSE(is_up(server, now, 15s));
}

TEST_CASE("the first round is done when each collector had an outcome, unsupported ones included") {
  StatusBoard board;
  board.set_collectors({{.name = "a"}, {.name = "b"}});
  CHECK_FALSE(board.first_round_done());
  board.update("a", [](CollectorStatus& status) { status.runs = 1; });
  CHECK_FALSE(board.first_round_done());
  board.update("b", [](CollectorStatus& status) { status.state = CollectorState::unsupported; });
  CHECK(board.first_round_done());
}

TEST_CASE("a new configuration keeps the counts of the collectors that stay") {
  StatusBoard board;
  board.set_collectors({{.name = "a"}, {.name = "b"}});
  board.update("a", [](CollectorStatus& status) { status.runs = 7; });
  board.set_collectors({{.name = "a", .every = 30s}, {.name = "c"}});
  const auto collectors = board.collectors();
  REQUIRE(collectors.size() == 2);
  CHECK(collectors[0].runs == 7);
  CHECK(collectors[0].every == 30s);
  CHECK(collectors[1].name == "c");
}

TEST_CASE("of a table that is cut the first series stay, row by row", "[budget]") {
  TableEditor editor(rows_of_two(100));
  editor.keep_first(4);
  const Table table = std::move(editor).finish();
  CHECK(table.series() == 4);
  REQUIRE(table.rows() == 3);
  CHECK(table.has(0, 0));
  CHECK(table.has(0, 1));
  CHECK(table.has(1, 0));
  CHECK_FALSE(table.has(1, 1));
  CHECK(table.has(2, 0));
  CHECK_FALSE(table.has(2, 1));
  CHECK(table.left_out().over_total == 199 - 4);
  TableEditor whole(rows_of_two(3));
  whole.keep_first(5);
  CHECK(std::move(whole).finish().left_out().over_total == 0);
  TableEditor nothing(rows_of_two(3));
  nothing.keep_first(0);
  CHECK(std::move(nothing).finish().rows() == 0);
}

TEST_CASE("all snapshots together hold no more series than there may be", "[budget]") {
  const auto budget = std::make_shared<SeriesBudget>();
  budget->configure(10);
  Snapshot one(budget);
  const auto now = Clock::now();
  CHECK(one.publish("a", rows_of_two(3), now + 1s)->table().series() == 5);
  {
    Snapshot other(budget);
    CHECK(other.publish("a", rows_of_two(4), now + 1h)->table().series() == 5);
    CHECK(budget->use().dropped == 2);
    // A table that takes the place of another needs no more than the difference.
    CHECK(one.publish("a", rows_of_two(3), now + 1s)->table().series() == 5);
    CHECK(one.publish("b", rows_of_two(1), now + 1s)->table().series() == 0);
    // What expired makes room.
    one.view(now + 2s);
    CHECK(other.publish("a", rows_of_two(4), now + 1h)->table().left_out().over_total == 0);
    CHECK(budget->use().held == 7);
    other.withdraw("a");
    CHECK(budget->use().held == 0);
    other.publish("a", rows_of_two(4), now + 1h);
    other.configure("target=\"b\"");
    CHECK(budget->use().held == 0);
    other.publish("a", rows_of_two(4), now + 1h);
  }
  CHECK(budget->use().held == 0);
}

TEST_CASE("a limit that is lowered takes nothing away from what is served", "[budget]") {
  const auto budget = std::make_shared<SeriesBudget>();
  Snapshot snapshot(budget);
  snapshot.publish("a", rows_of_two(3), Clock::now() + 1h);
  budget->configure(2);
  CHECK(snapshot.view(Clock::now()).front()->table().series() == 5);
  CHECK(snapshot.publish("b", rows_of_two(3), Clock::now() + 1h)->table().series() == 0);
  CHECK(snapshot.publish("a", rows_of_two(3), Clock::now() + 1h)->table().series() == 2);
}
