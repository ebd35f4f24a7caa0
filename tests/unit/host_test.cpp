#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "agent/watching/exposition/exposition.h"
#include "collectors/catalog.h"
#include "collectors/errand.h"
#include "collectors/host/cgroup.h"
#include "collectors/host/host_collector.h"
#include "tests/unit/file_tree.h"

using namespace pgvigil;
using namespace pgvigil::host;
using pgvigil::collectors::Errand;
using namespace std::chrono_literals;

namespace {

/// A container with limits on Linux 6.1, as containerd makes it.
void fill(FileTree& tree) {
  tree.put("cgroup.controllers", "cpu io memory pids\n")
      .put("cpu.stat",
           "usage_usec 5000000\nuser_usec 3000000\nsystem_usec 2000000\nnr_periods 100\nnr_throttled 40\n"
           "throttled_usec 1500000\n")
      .put("cpu.max", "150000 100000\n")
      .put("memory.current", "1234567\n")
      .put("memory.max", "2345678\n")
      .put("memory.high", "max\n")
      .put("memory.stat", "anon 300000\nfile 600000\nshmem 200000\ninactive_file 250000\nslab 50000\n")
      .put("memory.events", "low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\n")
      .put("pids.current", "12\n")
      .put("pids.max", "max\n")
      .put("cpu.pressure",
           "some avg10=12.50 avg60=1.00 avg300=0.10 total=2500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 "
           "total=0\n")
      .put("io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n")
      .put("io.stat", "253:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n7:0 \n");
}

const std::vector<collectors::Definition>& catalog() {
  static const auto loaded = collectors::load_catalog({});
  return *loaded;
}

Outcome collected(HostCollector& host, const std::string& name) {
  const auto found = std::ranges::find(catalog(), name, &collectors::Definition::name);
  REQUIRE(found != catalog().end());
  postgres::ServerFacts facts;
  facts.kind = ServerKind::host;
  const auto planned = collectors::plan(*found, facts, collectors::Generation::v0_20);
  REQUIRE(std::holds_alternative<collectors::Plan>(planned));
  return host.collect(std::get<collectors::Plan>(planned), {}, Deadline::clock::now() + 30s, {});
}

/// As a scrape shows it, without comments.
std::string text_of(const Outcome& outcome) {
  if (const auto* error = std::get_if<Error>(&outcome)) return "error: " + error->message;
  if (const auto* unsupported = std::get_if<Unsupported>(&outcome)) return "unsupported: " + unsupported->why;
  std::string whole;
  agent::render(std::get<Table>(outcome), agent::Format::text, "",
                [&](std::string_view piece) { whole += piece; });
  std::istringstream lines(whole);
  std::string text;
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with('#')) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("the host's collectors read the files of a cgroup", "[host]") {
  FileTree tree;
  fill(tree);
  HostCollector host({tree.path(), {}});
  CHECK(text_of(collected(host, "host_cpu")) ==
        "pgvigil_host_cpu_seconds_total 5\npgvigil_host_cpu_user_seconds_total 3\n"
        "pgvigil_host_cpu_system_seconds_total 2\npgvigil_host_cpu_periods_total 100\n"
        "pgvigil_host_cpu_throttled_periods_total 40\npgvigil_host_cpu_throttled_seconds_total 1.5\n"
        "pgvigil_host_cpu_limit_cores 1.5\n");
  const std::string memory = text_of(collected(host, "host_memory"));
  CHECK(memory.contains("pgvigil_host_memory_bytes 1234567\n"));
  CHECK(memory.contains("pgvigil_host_memory_working_set_bytes 984567\n"));
  CHECK(memory.contains("pgvigil_host_memory_limit_bytes 2345678\n"));
  CHECK(memory.contains("pgvigil_host_memory_oom_kills_total 1\n"));
  CHECK_FALSE(memory.contains("pgvigil_host_memory_high_bytes"));  // "max" is no limit
  CHECK_FALSE(memory.contains("swap"));                            // no such file
  CHECK(text_of(collected(host, "host_pids")) == "pgvigil_host_pids 12\n");
  CHECK(text_of(collected(host, "host_pressure")) ==
        "pgvigil_host_pressure_seconds_total{resource=\"cpu\",kind=\"some\"} 2.5\n"
        "pgvigil_host_pressure_seconds_total{resource=\"cpu\",kind=\"full\"} 0\n"
        "pgvigil_host_pressure_seconds_total{resource=\"io\",kind=\"some\"} 1e-06\n"
        "pgvigil_host_pressure_ratio{resource=\"cpu\",kind=\"some\"} 0.125\n"
        "pgvigil_host_pressure_ratio{resource=\"cpu\",kind=\"full\"} 0\n"
        "pgvigil_host_pressure_ratio{resource=\"io\",kind=\"some\"} 0\n");
  CHECK(
      text_of(collected(host, "host_io")) ==
      "pgvigil_host_io_read_bytes_total{device=\"253:0\"} 4096\n"
      "pgvigil_host_io_written_bytes_total{device=\"253:0\"} 8192\n"
      "pgvigil_host_io_reads_total{device=\"253:0\"} 1\npgvigil_host_io_writes_total{device=\"253:0\"} 2\n");
}

TEST_CASE("what of the host is not there is unsupported, and says why", "[host]") {
  FileTree tree;
  HostCollector none({"", {}});
  CHECK(text_of(collected(none, "host_cpu")) == "unsupported: no cgroup is named");
  CHECK(text_of(collected(none, "volumes")) == "unsupported: no volume is named");
  HostCollector empty({tree.path(), {}});
  CHECK(text_of(collected(empty, "host_cpu")) == "unsupported: no cgroup v2 is at " + tree.path());
  tree.put("cgroup.controllers", "").put("cpu.stat", "usage_usec 1000000\n");
  CHECK(text_of(collected(empty, "host_memory")) ==
        "unsupported: the cgroup at " + tree.path() + " has no memory.current");
  CHECK(text_of(collected(empty, "host_io")) ==
        "unsupported: the cgroup at " + tree.path() + " has no io.stat");
  CHECK(text_of(collected(empty, "host_pressure")) ==
        "unsupported: the cgroup at " + tree.path() + " has no cpu.pressure");
  CHECK(text_of(collected(empty, "host_cpu")) == "pgvigil_host_cpu_seconds_total 1\n");
}

TEST_CASE("a cgroup file with nonsense in it ends nothing", "[host]") {
  FileTree tree;
  tree.put("cgroup.controllers", "x")
      .put("cpu.stat", "\n\n \nusage_usec\nusage_usec many\n")
      .put("io.stat", "\n = =\n8:0 rbytes\n8:0 =4 rbytes=\n")
      .put("cpu.pressure", " \nsome\nfull avg10\n");
  HostCollector host({tree.path(), {}});
  CHECK(text_of(collected(host, "host_cpu")) ==
        "error: column 'usage_usec' of collector 'host_cpu' holds text that is no number");
  CHECK_FALSE(text_of(collected(host, "host_io")).starts_with("error"));
  CHECK_FALSE(text_of(collected(host, "host_pressure")).empty());
}

TEST_CASE("a volume tells its room, and one that is not there says so", "[host]") {
  FileTree tree;
  HostCollector host({"", {{"data", tree.path()}, {"wal", tree.path() + "/none"}}});
  const std::string text = text_of(collected(host, "volumes"));
  CHECK(text.contains("pgvigil_volume_answers{volume=\"data\"} 1\n"));
  CHECK(text.contains("pgvigil_volume_answers{volume=\"wal\"} 0\n"));
  CHECK(text.contains("pgvigil_volume_size_bytes{volume=\"data\"}"));
  CHECK(text.contains("pgvigil_volume_available_bytes{volume=\"data\"}"));
  CHECK_FALSE(text.contains("pgvigil_volume_size_bytes{volume=\"wal\"}"));
}

namespace {

/// What a dead volume is: a call that ends when the test lets it.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool begun = false;
  bool open = false;
  bool ended = false;
  int pass() {
    std::unique_lock lock(mutex);
    begun = true;
    changed.notify_all();
    changed.wait(lock, [&] { return open; });
    ended = true;
    changed.notify_all();
    return 1;
  }
  /// A call that has not begun when its errand is gone never does.
  void wait_begun() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return begun; });
  }
  void let_through() {
    std::unique_lock lock(mutex);
    open = true;
    changed.notify_all();
    changed.wait(lock, [&] { return ended; });
  }
};

}  // namespace

TEST_CASE("a call that hangs costs no one else more than the deadline", "[host]") {
  const auto gate = std::make_shared<Gate>();
  {
    Errand errand;
    CHECK_FALSE(errand.run<int>([gate] { return gate->pass(); }, Deadline::clock::now() + 20ms, {}));
    gate->wait_begun();
    // It still hangs: no other call is begun.
    CHECK_FALSE(errand.run<int>([] { return 2; }, Deadline::clock::now() + 1h, {}));
  }  // and nobody waits for it
  gate->let_through();
}

TEST_CASE("a call that came back late leaves room for the next", "[host]") {
  const auto gate = std::make_shared<Gate>();
  Errand errand;
  CHECK_FALSE(errand.run<int>([gate] { return gate->pass(); }, Deadline::clock::now() + 1ms, {}));
  gate->let_through();
  std::optional<int> next;
  while (!next)
    next = errand.run<int>([] { return 2; }, Deadline::clock::now() + 1h, {});
  CHECK(next == 2);
}

TEST_CASE("whoever waits for a call is let go when the program stops", "[host]") {
  const auto gate = std::make_shared<Gate>();
  Errand errand;
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  CHECK_FALSE(
      errand.run<int>([gate] { return gate->pass(); }, Deadline::clock::now() + 1h, stop.get_token()));
  gate->let_through();
}
