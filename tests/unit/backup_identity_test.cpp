#include "collectors/backups/files/json_text.h"
#include "collectors/backups/tools/barman_json.h"
#include "collectors/backups/tools/dump_manifest.h"
#include "tests/unit/backup_cases.h"
#include "tests/unit/fixture.h"

using namespace pgvigil;
using namespace pgvigil::backups;
using namespace std::chrono_literals;

namespace {

std::uint64_t identifier_of(Timestamp birth) {
  return static_cast<std::uint64_t>(
             std::chrono::floor<std::chrono::seconds>(birth).time_since_epoch().count())
         << 32;
}

/// The newest backup is of this kind, of cluster `identifier` and of this version; a server of 17 runs that
/// was made in 2020.
TestCase of_version(Kind kind, std::optional<std::uint64_t> identifier, const std::string& version) {
  TestCase one(daily_backups(1));
  one.server.version = 170002;
  one.backups()[0].kind = kind;
  one.backups()[0].system_identifier = identifier;
  one.backups()[0].postgres_version = version;
  return one;
}

bool is_quiet(const TestCase& one) {
  return one.verdict().answer == Answer::recoverable && !one.finds(Reason::other_version);
}

}  // namespace

TEST_CASE("files of another major version than the running one lead to nothing that was written since",
          "[backups]") {
  const std::uint64_t same = TestCase({}).server.system_identifier;
  CHECK(is_quiet(of_version(Kind::full, same, "17")));
  CHECK(is_quiet(of_version(Kind::base, std::nullopt, "17")));
  CHECK(is_quiet(of_version(Kind::full, same, "")));
  CHECK(of_version(Kind::base, std::nullopt, "16").decides(Reason::other_version));
  const TestCase upgraded = of_version(Kind::full, 1, "16");
  CHECK(upgraded.decides(Reason::other_cluster));
  CHECK(upgraded.verdict().because.text.contains("of cluster 1 of PostgreSQL 16, and cluster "));
  TestCase untold = of_version(Kind::base, std::nullopt, "16");
  untold.server.version = 0;
  CHECK(is_quiet(untold));
}

TEST_CASE("a dump from before pg_upgrade can be restored into the new version, and is told", "[backups]") {
  TestCase one = of_version(Kind::dump, 1, "16");
  // The cluster that runs was made an hour after the dump.
  one.server.system_identifier = identifier_of(k_test_now + 1h);
  one.now = k_test_now + 2h;
  CHECK(one.verdict().answer == Answer::recoverable);
  CHECK(one.finds(Reason::other_version));
  // It ran already when the dump was made, so that is of another one; as is one of a later version.
  one.server.system_identifier = identifier_of(k_test_now - 1h);
  CHECK(one.decides(Reason::other_cluster));
  TestCase later = of_version(Kind::dump, 1, "18");
  later.server.system_identifier = identifier_of(k_test_now + 1h);
  CHECK(later.decides(Reason::other_cluster));
}

TEST_CASE("who made the backup tells the version of the server", "[backups]") {
  Backup backup;
  REQUIRE(parse_barman_backup(fixture("backups/barman_340_show_backup.json"), "pg15", backup));
  CHECK(backup.postgres_version == "15");
  const auto dumps = parse_dump_manifest(R"({"format":"pgvigil-dump/1","started_at":"2026-11-23T02:00:00Z",
    "finished_at":"2026-11-23T02:01:00Z","server":{"system_identifier":"7","version":170002},"files":[]})");
  REQUIRE(dumps);
  CHECK(dumps->version == 170002);
}

TEST_CASE("a text that had to be repaired is told, unless a repository tells why", "[backups]") {
  TestCase one(daily_backups(1));
  CHECK_FALSE(one.finds(Reason::output_repaired));
  one.reading.repaired = true;
  CHECK(one.finds(Reason::output_repaired));
  one.reading.repositories.emplace_back().trouble =
      Trouble{Reason::cipher_key, "it cannot be read with this key"};
  CHECK_FALSE(one.finds(Reason::output_repaired));
}

TEST_CASE("the last attempt is the last that began, whatever became of it", "[backups]") {
  TestCase one(daily_backups(2));
  CHECK(one.verdict().last_attempt == k_test_now - 10min);
  Backup failed = complete_backup("failed", k_test_now + 1h);
  failed.state = State::failed;
  failed.start.reset();
  one.backups().push_back(failed);
  CHECK(one.verdict().last_attempt == k_test_now + 1h);
  one.repository().timetables.push_back({.name = "nightly", .last = k_test_now + 2h});
  CHECK(one.verdict().last_attempt == k_test_now + 2h);
  one.attempt_seen = k_test_now + 3h;
  CHECK(one.verdict().last_attempt == k_test_now + 3h);
  CHECK_FALSE(TestCase({}).verdict().last_attempt);
}

TEST_CASE("what the newest backup of each kind took, and when one was proven", "[backups]") {
  TestCase one(daily_backups(3));
  auto& backups = one.backups();
  backups[0].verified = k_test_now - 5h;
  backups[1].verified = k_test_now - 6h;
  backups[1].sizes = {.database = 2000, .repository_delta = 700};
  backups[2].kind = Kind::incremental;
  backups[2].annotations["restore-verified"] = time_text(k_test_now - 3h);
  const Verdict verdict = one.verdict();
  CHECK(verdict.measures.at(Kind::full).sizes.database == 2000);
  CHECK(verdict.measures.at(Kind::full).seconds == 600);
  CHECK(verdict.measures.at(Kind::incremental).seconds == 600);
  CHECK(verdict.verified_by_kind == std::map<Kind, Timestamp>{{Kind::full, k_test_now - 5h}});
  CHECK(verdict.restored_by_kind == std::map<Kind, Timestamp>{{Kind::incremental, k_test_now - 3h}});
}

TEST_CASE("a drill counts for the kind of what was restored, also when that is gone since", "[backups]") {
  TestCase one(daily_backups(1));
  const auto drill = [](const std::string& label, Timestamp finished) {
    return Drill{.tool = "pgbackrest", .label = label, .finished = finished, .passed = true};
  };
  const std::vector<Drill> drills = {drill("20261101-010000F", k_test_now - 5h),
                                     drill("20261101-010000F_20261102-010000D", k_test_now - 4h),
                                     drill("0", k_test_now - 3h), drill("?", k_test_now - 2h)};
  const Verdict verdict =
      judge({.source = one.source, .reading = one.reading, .drills = drills}, k_test_now).at(0);
  CHECK(verdict.restored_by_kind ==
        std::map<Kind, Timestamp>{{Kind::full, k_test_now - 3h}, {Kind::differential, k_test_now - 4h}});
}
