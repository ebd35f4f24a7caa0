#include "agent/runtime/probes.h"

#include <catch2/catch.hpp>
#include <thread>

#include "agent/http/listener.h"
#include "agent/runtime/probe_address.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;

namespace {

ProbeAddress address(std::string_view text) {
  const auto parsed = parse_probe_address(text);
  INFO(text);
  REQUIRE(parsed);
  return *parsed;
}

/// Nobody listens there: a first outcome is known at once.
constexpr const char* k_nobody = "127.0.0.1:1";

std::shared_ptr<const Config> with_module(std::size_t max_targets = 10,
                                          std::chrono::milliseconds forget_after = 5min) {
  Config config;
  config.definitions.push_back({.name = "any"});
  config.probe = {max_targets, forget_after, 20s};
  config.auth_modules["local"] = {.credentials = {.user = "watcher"},
                                  .targets = {"127.0.0.*", "!127.0.0.9:*"}};
  return std::make_shared<const Config>(std::move(config));
}

struct Counted {
  std::atomic<std::size_t> count = 0;
  Probes probes;
  explicit Counted(std::size_t waiting = 2)
      : probes(waiting, std::make_shared<SeriesBudget>(), [this](std::size_t now) { count = now; }) {}
};

std::optional<ProbeRefusal> refusal(Probes& probes,
                                    const std::string& target,
                                    const std::string& module = "local") {
  const auto found = probes.probe(target, module);
  return found ? std::nullopt : std::optional(found.error().refusal);
}

}  // namespace

TEST_CASE("targets of a probe", "[probes]") {
  CHECK(address("db:5433") == ProbeAddress{"db", "5433", "", ""});
  CHECK(address("DB.Example.net") == ProbeAddress{"db.example.net", "5432", "", ""});
  CHECK(address("db:5433/shop") == ProbeAddress{"db", "5433", "shop", ""});
  CHECK(address("postgresql://db/shop?sslmode=require") == ProbeAddress{"db", "5432", "shop", "require"});
  CHECK(address("postgres://[::1]:5433?sslmode=disable") == ProbeAddress{"::1", "5433", "", "disable"});
  CHECK(address("db/a%20b").database == "a b");
  CHECK(address("[::1]").name() == "[::1]:5432");
  CHECK(address("db:5433/shop").name() == "db:5433/shop");
}

TEST_CASE("what is no target of a probe is refused without being repeated", "[probes]") {
  for (const char* bad : {"", ":5432", "db:", "db:x", "db:123456", "/var/run/postgresql", "host=db port=5432",
                          "me:hunter2@db:5432", "postgresql://me:hunter2@db/shop", "db,other",
                          "db?passfile=/etc/hunter2", "db?sslmode=hunter2", "db/a%0ab", "db/a%zz", "[::1",
                          "[]:5432", "a b", "db:5432?host=hunter2", "http://db:5432"}) {
    INFO(bad);
    const auto parsed = parse_probe_address(bad);
    REQUIRE_FALSE(parsed);
    CHECK_FALSE((parsed.error().message + parsed.error().hint).contains("hunter2"));
  }
}

TEST_CASE("the module says who connects, and its options hold", "[probes]") {
  const AuthModule module{.credentials = {.user = "watcher", .password_file = "/p"},
                          .targets = {"*"},
                          .options = {{"sslmode", "require"}, {"application_name", "it's"}}};
  const ServerConfig server = server_of(address("db:5433/shop?sslmode=disable"), module);
  CHECK(server.name == "db:5433/shop");
  CHECK(server.connection.user == "watcher");
  CHECK(server.connection.password_file == "/p");
  CHECK(server.connection.dsn.reveal() ==
        "application_name='it\\'s' dbname='shop' host='db' port='5433' sslmode='require'");
  CHECK(server_of(address("db"), {}).connection.dsn.reveal() == "dbname='postgres' host='db' port='5432'");
}

TEST_CASE("credentials go only where the module says", "[probes]") {
  const AuthModule module{.targets = {"*.example.net:5432", "!test-*"}};
  CHECK(allows(module, address("db.example.net")));
  CHECK_FALSE(allows(module, address("db.example.net:5433")));
  CHECK_FALSE(allows(module, address("test-db.example.net")));
  CHECK_FALSE(allows(module, address("db.example.net.attacker.org")));
}

TEST_CASE("a probe without a configured module, or with a wrong one, is refused", "[probes]") {
  Counted counted;
  CHECK(refusal(counted.probes, k_nobody) == ProbeRefusal::malformed);
  counted.probes.configure(with_module());
  CHECK(refusal(counted.probes, k_nobody, "") == ProbeRefusal::malformed);
  CHECK(refusal(counted.probes, k_nobody, "other") == ProbeRefusal::malformed);
  CHECK(refusal(counted.probes, "127.0.0.9:1") == ProbeRefusal::forbidden);
  CHECK(refusal(counted.probes, "me@127.0.0.1:1") == ProbeRefusal::malformed);
  CHECK(counted.count == 0);
}

TEST_CASE("the first probe waits until it is known why there are no numbers; later ones find the same watch",
          "[probes]") {
  Counted counted;
  counted.probes.configure(with_module());
  const auto first = counted.probes.probe(k_nobody, "local");
  REQUIRE(first);
  CHECK((*first)->board().server().trouble->kind == ErrorKind::unreachable);
  CHECK(*counted.probes.probe(k_nobody, "local") == *first);
  CHECK(counted.count == 1);
}

TEST_CASE("targets of probes are bounded, and those that nobody asks for make room", "[probes]") {
  Counted counted;
  counted.probes.configure(with_module(1, 200ms));
  REQUIRE(counted.probes.probe(k_nobody, "local"));
  CHECK(refusal(counted.probes, "127.0.0.1:2") == ProbeRefusal::limit);
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (counted.count > 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(20ms);
  CHECK(counted.count == 0);
  CHECK_FALSE(refusal(counted.probes, "127.0.0.1:2"));
}

TEST_CASE("a server that says nothing holds a first probe no longer than is set", "[probes]") {
  const auto silent = Listener::bind("127.0.0.1", 0);  // it lets clients in and never answers
  REQUIRE(silent);
  const std::string target = "127.0.0.1:" + std::to_string(silent->port());
  Config config = *with_module();
  config.probe.wait = 50ms;
  SECTION("it is shown as it is then") {
    Counted counted;
    counted.probes.configure(std::make_shared<const Config>(config));
    const auto watch = counted.probes.probe(target, "local");
    REQUIRE(watch);
    CHECK_FALSE((*watch)->board().first_round_done());
  }
  SECTION("when nobody may wait it is told to come again, and is watched") {
    Counted counted(0);
    counted.probes.configure(std::make_shared<const Config>(config));
    CHECK(refusal(counted.probes, target) == ProbeRefusal::busy);
    CHECK(counted.count == 1);
  }
}

TEST_CASE("a configuration that does not allow a target lets it go, and leaves the others", "[probes]") {
  Counted counted;
  counted.probes.configure(with_module());
  const auto kept = counted.probes.probe(k_nobody, "local");
  REQUIRE(kept);
  REQUIRE(counted.probes.probe("127.0.0.2:1", "local"));
  Config next = *with_module();
  next.auth_modules.at("local").targets = {"127.0.0.1:*"};
  counted.probes.configure(std::make_shared<const Config>(next));
  CHECK(counted.count == 1);
  CHECK(counted.probes.watches() == WatchList{*kept});
  next.auth_modules.clear();
  counted.probes.configure(std::make_shared<const Config>(next));
  CHECK(counted.count == 0);
}
