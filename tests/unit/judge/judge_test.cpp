#include "agent/judge/judge.h"
#include "agent/runtime/store_rooms.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <limits>

#include "collectors/model/table_builder.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"
#include "rules/rule_file.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// One metric `load{db}` of a collector "loads", as a test writes it.
class FakeWorld : public World {
 public:
  void put(double value, Timestamp at, const std::string& db = "app") {
    auto schema = std::make_shared<TableSchema>();
    schema->labels.push_back(*LabelName::parse("db"));
    schema->metrics.push_back({*MetricName::parse("load"), MetricType::gauge, Unit::none, "", {0}});
    TableBuilder builder(schema, std::numeric_limits<std::size_t>::max());
    builder.add_row();
    builder.set_label(0, db);
    builder.set_value(0, value);
    changes_.published.push_back({"postgres//loads",
                                  std::make_shared<const Table>(std::move(builder).finish(at)),
                                  promql::Labels::make({{"instance", "a:1"}, {"job", "pgvigil"}}), 300'000});
  }
  void withdraw() { changes_.withdrawn.push_back("postgres//loads"); }

  WorldChanges changes() override { return std::exchange(changes_, {}); }
  std::vector<JudgedTable> own_tables(Timestamp) override { return {}; }
  CollectorSight sight(std::string_view, const promql::Labels&) override { return seen; }

  CollectorSight seen = CollectorSight::all;

 private:
  WorldChanges changes_;
};

class Listener : public TransitionSink {
 public:
  void add(Transaction& transaction,
           const rules::Rule& rule,
           const rules::AlertEvent& event,
           Timestamp) override {
    told.push_back(rule.name + " " + std::string(to_string(event.transition)));
    if (refuses) (void)transaction.run("INSERT INTO events (id) VALUES (NULL)");
  }
  void committed() override { ++commits; }

  std::vector<std::string> told;
  int commits = 0;
  bool refuses = false;
};

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "pgvigil-judge-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
};

constexpr std::string_view k_rules = R"(
interval = "5s"
[[rule]]
alert = "Busy"
expr = "load > 10"
for = "20s"
labels = { severity = "warning" }
annotations = { summary = "load of {{ $labels.db }} is {{ $value }}" }
[[rule]]
record = "load:double"
expr = "load * 2"
)";

/// A judge and what is around it; life() ends it as kill -9 does, and begins another one.
class Scene {
 public:
  explicit Scene(std::string rules = std::string(k_rules)) : rules_(std::move(rules)) { life(); }

  void life() {
    judge_.reset();
    store_.reset();
    store_ = Store::open(folder.path.string(), store_rooms());
    judge_ = std::make_unique<Judge>(world, *store_);
    judge_->add_sink(listener);
    configure(rules_);
  }

  void configure(const std::string& toml) {
    auto book = rules::load_rules({}, {{"mine.toml", toml}});
    REQUIRE(book);
    JudgeSettings settings;
    settings.keep = {"load"};
    settings.surroundings.max_alerts = max_alerts;
    settings.surroundings.collector_of = {{"load", "loads"}};
    judge_->configure(settings, std::move(book->rules), now);
  }

  /// Seconds go by; every second `value` is published, when there is one.
  void pass(int seconds, std::optional<double> value) {
    for (int i = 0; i < seconds; ++i) {
      now += 1s;
      if (value) world.put(*value, now);
      (void)judge_->look(now);
    }
  }

  std::string phase() const {
    const auto alerts = judge_->alerts();
    return alerts.empty() ? "inactive" : std::string(to_string(alerts.front().state.phase));
  }
  rules::Alert alert() const { return judge_->alerts().at(0); }

  promql::Vector ask(const std::string& query) const {
    promql::Vector answer;
    judge_->read([&](const promql::Queryable& storage, Timestamp) {
      const auto expr = promql::parse_expression(query);
      REQUIRE(expr);
      auto result = promql::evaluate_instant(**expr, storage, unix_milliseconds(now));
      REQUIRE(result);
      answer = std::get<promql::Vector>(result->value);
    });
    return answer;
  }

  Judge& judge() { return *judge_; }
  Store& store() { return *store_; }

  Folder folder;
  FakeWorld world;
  Listener listener;
  Timestamp now{std::chrono::hours{24 * 20'000}};
  std::size_t max_alerts = 100;

 private:
  std::string rules_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Judge> judge_;
};

}  // namespace

TEST_CASE("an alert waits for its time, fires and resolves, and all of it is told once", "[judge]") {
  Scene scene;
  scene.pass(12, 50);
  CHECK(scene.phase() == "pending");
  scene.pass(25, 50);
  CHECK(scene.phase() == "firing");
  CHECK(scene.alert().annotations.at(0).second == "load of app is 50");
  CHECK(scene.alert().labels->get("instance") == "a:1");
  scene.pass(10, 1);
  CHECK(scene.phase() == "inactive");
  CHECK(scene.listener.told == std::vector<std::string>{"Busy pending", "Busy firing", "Busy resolved"});
  const auto events = last_events(scene.store(), 10);
  REQUIRE(events);
  REQUIRE(events->size() == 3);
  CHECK(events->front().transition == "resolved");
  CHECK(events->front().severity == "warning");
  CHECK(scene.judge().figures().runner.failures == 0);
}

TEST_CASE("a death between two ticks costs a pending alert no time and a firing one not its start",
          "[judge]") {
  Scene scene;
  scene.pass(15, 50);
  const Timestamp since = scene.alert().state.active_since;
  scene.life();
  CHECK(scene.phase() == "pending");
  CHECK(scene.alert().state.active_since == since);
  scene.pass(16, 50);
  CHECK(scene.phase() == "firing");
  const Timestamp fired = scene.alert().state.firing_since;
  scene.life();
  scene.pass(10, 50);
  CHECK(scene.phase() == "firing");
  CHECK(scene.alert().state.firing_since == fired);
  CHECK(scene.listener.told == std::vector<std::string>{"Busy pending", "Busy firing"});
}

TEST_CASE("a long absence is not observed time", "[judge]") {
  Scene scene;
  scene.pass(12, 50);
  REQUIRE(scene.phase() == "pending");
  const auto observed = scene.alert().state.observed;
  scene.now += 1h;
  scene.life();
  scene.pass(6, 50);
  CHECK(scene.phase() == "pending");
  CHECK(scene.alert().state.observed <= observed + 5s);
}

TEST_CASE("an alert out of sight is unknown and does not end", "[judge]") {
  Scene scene;
  scene.pass(40, 50);
  REQUIRE(scene.phase() == "firing");
  scene.world.seen = CollectorSight::none;
  scene.world.withdraw();
  scene.pass(30, std::nullopt);
  CHECK(scene.phase() == "firing");
  CHECK(scene.alert().state.unknown_since);
  scene.life();
  CHECK(scene.alert().state.unknown_since);
  scene.world.seen = CollectorSight::all;
  scene.pass(10, 1);
  CHECK(scene.phase() == "inactive");
}

TEST_CASE("all rules together have no more alerts than the limit", "[judge]") {
  Scene scene;
  scene.max_alerts = 1;
  scene.configure(R"(
interval = "5s"
[[rule]]
alert = "First"
expr = "load > 10"
[[rule]]
alert = "Second"
expr = "load > 10")");
  scene.pass(12, 50);
  CHECK(scene.listener.told == std::vector<std::string>{"First firing"});
  CHECK(scene.judge().figures().left_out == std::map<std::string, std::size_t>{{"Second", 1}});
  const auto groups = scene.judge().rules();
  CHECK(groups.at(0).rules.at(1).last_error.find("[rules] max_alerts") != std::string::npos);
  scene.pass(12, 1);
  CHECK(scene.judge().figures().left_out.empty());
}

TEST_CASE("before the first outcome nothing is judged", "[judge]") {
  Scene scene;
  scene.pass(40, 50);
  scene.world.seen = CollectorSight::waiting;
  scene.life();
  scene.pass(20, std::nullopt);
  CHECK(scene.phase() == "firing");
  CHECK_FALSE(scene.alert().state.unknown_since);
}

TEST_CASE("a changed rule keeps the states of all, and other labels are told", "[judge]") {
  Scene scene;
  scene.pass(40, 50);
  const Timestamp fired = scene.alert().state.firing_since;
  std::string changed(k_rules);
  changed.replace(changed.find("warning"), 7, "critical");
  scene.configure(changed);
  CHECK(scene.alert().state.firing_since == fired);
  CHECK(scene.alert().labels->get("severity") == "critical");
  scene.pass(10, 50);
  CHECK(scene.listener.told ==
        std::vector<std::string>{"Busy pending", "Busy firing", "Busy resolved", "Busy firing"});
  scene.configure("[[rule]]\nrecord = \"x:y\"\nexpr = \"load\"\n");
  CHECK(scene.listener.told.back() == "Busy resolved");
  CHECK(scene.phase() == "inactive");
}

TEST_CASE("what rules record, and alerts, are series", "[judge]") {
  Scene scene;
  scene.pass(40, 50);
  CHECK(scene.ask("load:double").at(0).point.v == 100);
  const auto alerts = scene.ask("ALERTS{alertname=\"Busy\"}");
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].labels->get("alertstate") == "firing");
  CHECK(scene.ask("ALERTS_FOR_STATE").at(0).point.v > 0);
  CHECK(scene.ask("count_over_time(load[10s])").at(0).point.v == 10);
  scene.pass(10, 1);
  CHECK(scene.ask("ALERTS").empty());
}

TEST_CASE("what the store refuses is told again until it takes it", "[judge]") {
  Scene scene;
  scene.listener.refuses = true;
  scene.pass(12, 50);
  CHECK(scene.listener.commits == 0);
  scene.listener.refuses = false;
  scene.pass(6, 50);
  CHECK(scene.listener.commits == 1);
  CHECK(last_events(scene.store(), 10)->size() == 1);
}

TEST_CASE("the history survives, and a damaged one is set aside", "[judge]") {
  Scene scene;
  scene.pass(125, 5);
  const fs::path file = scene.folder.path / "history.bin";
  REQUIRE(fs::exists(file));
  SECTION("good") {
    scene.life();
    CHECK(scene.ask("count_over_time(load[5m])").at(0).point.v > 50);
    CHECK(scene.judge().figures().history_set_aside == 0);
  }
  SECTION("damaged") {
    std::ofstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(40) << "????";
    scene.life();
    CHECK(scene.judge().figures().history_set_aside == 1);
    CHECK(fs::exists(file.string() + ".damaged"));
    scene.pass(3, 5);
    CHECK(scene.ask("load").size() == 1);
  }
}

TEST_CASE("a selector that has found nothing for an hour is told, but not while its collector fails",
          "[judge]") {
  Scene scene(R"(
[[rule]]
alert = "Misspelt"
expr = 'load{database="app"} > 10 or load > 1000 or absent(nothing)'
)");
  const auto empty = [&] { return scene.judge().figures().empty_selectors; };
  scene.pass(60 * 60 - 1, 1);
  CHECK(empty().empty());
  scene.pass(120, 1);
  CHECK(empty() == std::map<std::string, std::size_t>{{"Misspelt", 1}});
  scene.configure(std::string(k_rules));
  scene.world.seen = CollectorSight::none;
  scene.world.withdraw();
  scene.pass(2 * 60 * 60, {});
  CHECK(empty().empty());
}
