#include "agent/runtime/scrape.h"

#include <catch2/catch.hpp>

#include "collectors/model/table_builder.h"
#include "tests/unit/fragment_text.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

Table one_value(const char* name, double value) {
  auto schema = std::make_shared<TableSchema>();
  schema->metrics = {{*MetricName::parse(name), MetricType::gauge, Unit::none, "One value for a test.", {}}};
  TableBuilder builder(schema, 10);
  builder.add_row();
  builder.set_value(0, value);
  return std::move(builder).finish({});
}

/// A watch that never began: a place for what is known of a server.
std::shared_ptr<Watch> idle(const std::string& name) {
  ServerConfig server;
  server.name = name;
  auto watch =
      std::make_shared<Watch>(std::make_shared<const Config>(), server, std::make_shared<Knowledge>());
  watch->snapshot().configure(watch->labels());
  return watch;
}

void publish(Watch& watch, const std::string& collector, double value) {
  watch.snapshot().publish(collector, one_value(("pg_" + collector).c_str(), value), Clock::now() + 1h);
}

std::string text_of(const ScrapeBody& body) {
  std::string text;
  for (const auto& piece : body.pieces)
    text += *piece;
  while (const auto piece = body.more ? body.more() : nullptr)
    text += *piece;
  CHECK(text.size() == body.size);
  return text;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t times = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1))
    ++times;
  return times;
}

struct Fleet {
  SelfMetrics self{"1", 0, std::make_shared<const SeriesBudget>()};
  OwnMetrics own{self};
  Scraper scraper{own};
  WatchList watches;

  explicit Fleet(WatchList list) : watches(std::move(list)) {
    const auto shared = std::make_shared<const WatchList>(watches);
    own.configure({}, shared);
    scraper.configure(shared);
  }
  std::string scrape(ScrapeRequest request = {}) {
    const auto body = scraper.scrape(request);
    REQUIRE(body);
    return text_of(*body);
  }
};

}  // namespace

TEST_CASE("a scrape of several servers has each family once, the agent's own too", "[scrape]") {
  Fleet fleet({idle("a"), idle("b")});
  publish(*fleet.watches[0], "locks", 1);
  publish(*fleet.watches[1], "locks", 2);
  publish(*fleet.watches[1], "only", 3);
  const std::string text = fleet.scrape();
  CHECK(text.contains("# TYPE pg_locks gauge\npg_locks{target=\"a\"} 1\npg_locks{target=\"b\"} 2\n"));
  CHECK(text.contains("pg_only{target=\"b\"} 3\n"));
  CHECK(count(text, "# TYPE pg_up gauge\n") == 1);
  CHECK(text.contains("pg_up{target=\"a\"} 0\npg_up{target=\"b\"} 0\n"));
  CHECK(count(text, "# TYPE pgvigil_worker_up gauge\npgvigil_worker_up 1\n") == 1);
}

TEST_CASE("what was merged is kept until one of the servers publishes", "[scrape]") {
  Fleet fleet({idle("a"), idle("b")});
  publish(*fleet.watches[0], "locks", 1);
  publish(*fleet.watches[1], "locks", 2);
  const ScrapeRequest packed{.gzip = true, .collectors = {"locks"}};
  const auto piece = [&] { return fleet.scraper.scrape(packed)->pieces.at(1); };
  const auto first = piece();
  CHECK(piece() == first);
  publish(*fleet.watches[1], "locks", 4);
  CHECK_FALSE(piece() == first);
  CHECK(fleet.scrape({.collectors = {"locks"}})
            .ends_with("pg_locks{target=\"a\"} 1\npg_locks{target=\"b\"} 4\n"));
  fleet.watches[1]->snapshot().withdraw("locks");
  CHECK(fleet.scrape({.collectors = {"locks"}}).ends_with("pg_locks{target=\"a\"} 1\n"));
}

TEST_CASE("a scrape of one of several servers shows it alone, and nothing of the process", "[scrape]") {
  Fleet fleet({idle("a"), idle("b")});
  publish(*fleet.watches[0], "locks", 1);
  publish(*fleet.watches[1], "locks", 2);
  const std::string text = fleet.scrape({.targets = {"b"}});
  CHECK(text.contains("pg_locks{target=\"b\"} 2\n"));
  CHECK(text.contains("pg_up{target=\"b\"} 0\n"));
  CHECK_FALSE(text.contains("target=\"a\""));
  CHECK_FALSE(text.contains("pgvigil_worker_up"));
  const auto unknown = fleet.scraper.scrape({.targets = {"c"}});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().hint == "There are: a, b.");
}

TEST_CASE("with one server a scrape joins what its collectors have prepared", "[scrape]") {
  Fleet fleet({idle("")});
  publish(*fleet.watches[0], "locks", 1);
  const auto prepared = fleet.watches[0]->snapshot().view(Clock::now()).front()->fragment(Format::text);
  const auto body = fleet.scraper.scrape({.gzip = true});
  REQUIRE(body);
  CHECK(body->pieces.at(1).get() == &prepared->deflated);
  CHECK(fleet.scrape().contains("pg_locks 1\n"));
}

TEST_CASE("the agent's own metrics do not grow old while scrapes come in", "[scrape]") {
  Fleet fleet({idle("a")});
  const auto first = fleet.own.fragment(Format::text);
  CHECK(fleet.own.fragment(Format::text) == first);
  // Nobody but the thread that renders ahead replaces it here.
  const auto deadline = Clock::now() + 30s;
  fleet.watches[0]->board().update_server([](ServerStatus& server) { server.connections = 7; });
  while (Clock::now() < deadline &&
         !test::text_of({fleet.own.fragment(Format::text)}).contains("pgvigil_connections{target=\"a\"} 7\n"))
    std::this_thread::sleep_for(20ms);
  CHECK(test::text_of({fleet.own.fragment(Format::text)}).contains("pgvigil_connections{target=\"a\"} 7\n"));
}
