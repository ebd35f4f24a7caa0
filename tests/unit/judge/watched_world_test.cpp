#include "agent/runtime/watched_world.h"

#include <catch2/catch.hpp>
#include <utility>

#include "collectors/model/table_builder.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;
using promql::Labels;

namespace {

/// Two servers, orders and billing, with a collector "locks" each; and a world that looks at them.
class Scene {
 public:
  Scene() {
    auto config = std::make_shared<Config>();
    auto watches = std::make_shared<WatchList>();
    for (const char* name : {"orders", "billing"}) {
      ServerConfig server;
      server.name = name;
      watches->push_back(std::make_shared<Watch>(config, server, std::make_shared<Knowledge>()));
      CollectorStatus locks;
      locks.name = "locks";
      locks.every = 15s;
      watches->back()->board().set_collectors({locks});
    }
    watches_ = watches;
    world.configure(watches_, {.instance = "a:9187", .job = "pgvigil"}, {}, {});
  }

  void succeed(std::size_t server) {
    Watch& watch = *(*watches_)[server];
    auto schema = std::make_shared<TableSchema>();
    schema->metrics = {{*MetricName::parse("pg_locks"), MetricType::gauge, Unit::none, "Locks.", {}}};
    TableBuilder builder(schema, 10);
    builder.add_row();
    builder.set_value(0, 1);
    watch.snapshot().publish("locks", std::move(builder).finish({}), std::chrono::steady_clock::now() + 1h);
    watch.board().update("locks", [](CollectorStatus& status) {
      status.state = CollectorState::good;
      status.last_success = Timestamp{};
    });
    watch.board().update_server([](ServerStatus& status) { status.trouble.reset(); });
  }
  void fail(std::size_t server) {
    Watch& watch = *(*watches_)[server];
    watch.snapshot().withdraw("locks");
    watch.board().update("locks", [](CollectorStatus& status) { status.state = CollectorState::failed; });
  }
  /// It gives no answer any more, and what it gave is not yet out of date.
  void freeze(std::size_t server) {
    (*watches_)[server]->board().update_server([](ServerStatus& status) {
      status.trouble = Error{ErrorKind::timed_out, "no answer in time", ""};
    });
  }

  CollectorSight sight(std::vector<std::pair<std::string, std::string>> of) {
    (void)world.changes();
    return world.sight("locks", *Labels::make({of.begin(), of.end()}));
  }

  SelfMetrics self{"0", 0, nullptr};
  WatchedWorld world{self};

 private:
  std::shared_ptr<const WatchList> watches_;
};

}  // namespace

TEST_CASE("of several servers, the one that fails is out of sight with what is its own", "[judge]") {
  Scene scene;
  CHECK(scene.sight({}) == CollectorSight::waiting);
  scene.succeed(0);
  scene.succeed(1);
  CHECK(scene.sight({}) == CollectorSight::all);

  SECTION("its collector fails") {
    scene.fail(1);
  }
  SECTION("it does not answer") {
    scene.freeze(1);
  }
  CHECK(scene.sight({{"target", "billing"}}) == CollectorSight::none);
  CHECK(scene.sight({{"target", "orders"}}) == CollectorSight::all);
  CHECK(scene.sight({{"target", "orders"}, {"instance", "a:9187"}, {"mode", "x"}}) == CollectorSight::all);
  // What is of no server, or of both, is half seen.
  CHECK(scene.sight({}) == CollectorSight::some);
  CHECK(scene.sight({{"instance", "a:9187"}}) == CollectorSight::some);

  scene.succeed(1);
  CHECK(scene.sight({}) == CollectorSight::all);
}

TEST_CASE("a server that has not answered since the start hides nothing of the others", "[judge]") {
  Scene scene;
  scene.succeed(0);
  CHECK(scene.sight({{"target", "orders"}}) == CollectorSight::all);
  CHECK(scene.sight({{"target", "billing"}}) == CollectorSight::waiting);
  CHECK(scene.sight({}) == CollectorSight::some);
  scene.freeze(1);
  CHECK(scene.sight({{"target", "billing"}}) == CollectorSight::none);
}
