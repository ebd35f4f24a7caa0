#include <catch2/catch.hpp>

#include "collectors/backups/judging/runs.h"
#include "collectors/backups/tools/pgbackrest_info.h"
#include "tests/unit/backup_cases.h"
#include "tests/unit/fixture.h"

using namespace pgvigil;
using namespace pgvigil::backups;
using namespace std::chrono_literals;

namespace {

/// A look each minute, the last one now.
std::vector<Progress> looks(std::vector<std::uint64_t> done, std::uint64_t size = 1000) {
  std::vector<Progress> seen;
  for (std::size_t i = 0; i < done.size(); ++i)
    seen.push_back({k_test_now - (done.size() - 1 - i) * 1min, done[i], size});
  return seen;
}

LiveServer::Session session(const std::string& application, std::chrono::minutes ago, bool streams) {
  return {
      .application = application, .since = k_test_now - ago, .streams = streams, .size = 1000, .done = 250};
}

}  // namespace

TEST_CASE("when a running backup will have ended is told by its progress", "[backups]") {
  CHECK(expected_end(looks({100, 200, 300}), std::nullopt) == k_test_now + 7min);
  CHECK(expected_end(looks({200}), k_test_now - 10min) == k_test_now + 40min);  // since it began
  CHECK(expected_end(looks({1000}), std::nullopt) == k_test_now);
  CHECK_FALSE(expected_end(looks({0}), k_test_now - 10min));
  CHECK_FALSE(expected_end(looks({200, 200, 200}), std::nullopt));
  CHECK_FALSE(expected_end({}, k_test_now));
}

TEST_CASE("a run of terabytes that has copied its first byte ends at no time that is known", "[backups]") {
  const std::vector<Progress> seen = {
      {k_test_now - 2min, 0, 1ULL << 45}, {k_test_now - 1min, 1, 1ULL << 45}, {k_test_now, 1, 1ULL << 45}};
  CHECK_FALSE(expected_end(seen, k_test_now - 2min));
}

TEST_CASE("since when nothing more was copied", "[backups]") {
  CHECK(stalled_since(looks({100, 300, 300, 300})) == k_test_now - 2min);
  CHECK_FALSE(stalled_since(looks({100, 300, 400})));
  CHECK_FALSE(stalled_since(looks({100})));
}

TEST_CASE("a run is seen by the tool's lock and by its sessions, wherever it runs", "[backups]") {
  LiveServer server;
  CHECK(run_of(Tool::pgbackrest, {}, &server).count == 0);
  CHECK(run_of(Tool::pgbackrest, {.backup = true}, nullptr).count == 1);
  server.sessions = {session("pgBackRest [backup]", 5min, false), session("pg_basebackup", 9min, true),
                     session("psql", 99min, false)};
  CHECK(run_of(Tool::pgbackrest, {}, &server).since == k_test_now - 5min);
  CHECK(run_of(Tool::pgbackrest, {.backup = true, .size = 800, .done = 80}, &server).size == 800);
  const Run base = run_of(Tool::base_backups, {}, &server);
  CHECK(base.count == 1);
  CHECK(base.done == 250);
  CHECK(run_of(Tool::dumps, {}, &server).count == 0);
  server.sessions.push_back(session("pg_basebackup", 20min, true));
  CHECK(run_of(Tool::base_backups, {}, &server).count == 2);
  CHECK(run_of(Tool::base_backups, {}, &server).since == k_test_now - 20min);
}

TEST_CASE("a captured run of pgBackRest 2.59 tells how far it is", "[backups]") {
  const auto reading =
      parse_pgbackrest_info(fixture("backups/pgbackrest_2591_progress_running.json"), "main");
  REQUIRE(reading);
  const Run run = run_of(Tool::pgbackrest, reading->activity, nullptr);
  CHECK(run.count == 1);
  CHECK(run.size == 311531021);
  CHECK(run.done == 0);
}

TEST_CASE("a run that takes longer than usual, or hangs, is told", "[backups]") {
  TestCase each(daily_backups(8));
  CHECK(each.verdict().runs == 0);
  each.reading.activity.backup = true;
  each.running_since = k_test_now - 15min;
  CHECK(each.verdict().runs == 1);
  CHECK(each.verdict().running_seconds == 900.0);
  CHECK_FALSE(each.finds(Reason::runs_long));
  each.running_since = k_test_now - 25min;  // ten minutes are usual
  CHECK(each.finds(Reason::runs_long));
  CHECK_FALSE(each.finds(Reason::stuck));
  each.running_since = k_test_now - 7h;
  CHECK(each.finds(Reason::stuck));
  each.backups().resize(4);  // nobody knows what is usual
  each.running_since = k_test_now - 25min;
  CHECK_FALSE(each.finds(Reason::runs_long));

  each.progress = looks({10, 300, 300});
  CHECK_FALSE(each.finds(Reason::stuck));
  each.progress.front().at = k_test_now - 3h;
  each.progress[1].at = k_test_now - 2h;
  CHECK(each.verdict().progress == 0.3);
  CHECK(each.finds(Reason::stuck));
}

TEST_CASE("a run that will not have ended when the next must have is told before", "[backups]") {
  TestCase each({complete_backup("a", k_test_now - 24h)});
  each.source.policy.schedule = *Schedule::parse("0 3 * * *");
  each.source.policy.grace = 90min;  // until 04:30
  each.reading.activity.backup = true;
  each.running_since = k_test_now - 50min;
  each.progress = looks({700, 720, 740});
  CHECK(each.verdict().expected_end == k_test_now + 13min);
  CHECK_FALSE(each.finds(Reason::runs_long));
  each.progress = looks({300, 305, 310});
  CHECK(each.finds(Reason::runs_long));
}

TEST_CASE("runs that overlap are told", "[backups]") {
  TestCase each(daily_backups(3));
  CHECK_FALSE(each.finds(Reason::overlapping));
  each.backups().push_back(complete_backup("another", k_test_now + 5min, 5min));
  CHECK_FALSE(each.finds(Reason::overlapping));
  each.backups().back() = complete_backup("soon", k_test_now + 1min, 5min);
  CHECK(each.finds(Reason::overlapping));
  each.backups().back() = complete_backup("long", k_test_now + 1min, 60min);
  CHECK(each.finds(Reason::overlapping));

  TestCase twice(daily_backups(3));
  twice.server.sessions = {session("pgBackRest [backup]", 5min, false),
                           session("pgBackRest [backup]", 3min, false)};
  CHECK(twice.verdict().runs == 2);
  CHECK(twice.finds(Reason::overlapping));

  TestCase next(daily_backups(3));
  next.source.policy.schedule = *Schedule::parse("0 * * * *");
  next.source.policy.grace = 48h;
  next.running_since = k_test_now - 30min;
  next.reading.activity.backup = true;
  CHECK(next.finds(Reason::overlapping));  // another was due at 04:00
  next.running_since = k_test_now - 10s;
  CHECK_FALSE(next.finds(Reason::overlapping));
}

TEST_CASE("files that nothing tells about are not said to overlap", "[backups]") {
  auto first = complete_backup("a", k_test_now - 1h, 30min);
  auto second = complete_backup("b", k_test_now - 50min, 30min);
  first.kind = second.kind = Kind::dump;
  TestCase each({first, second});
  each.source.tool = Tool::dumps;
  CHECK_FALSE(each.finds(Reason::overlapping));
  for (Backup& backup : each.backups())
    backup.set_is_told = true;
  CHECK(each.finds(Reason::overlapping));
}
