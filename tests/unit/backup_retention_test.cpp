#include <catch2/catch.hpp>

#include "collectors/backups/surroundings/location.h"
#include "collectors/backups/tools/barman_json.h"
#include "collectors/backups/tools/dump_manifest.h"
#include "collectors/backups/tools/pgbackrest_conf.h"
#include "collectors/backups/tools/pgbackrest_info.h"
#include "tests/unit/backup_cases.h"
#include "tests/unit/fixture.h"

using namespace pgvigil;
using namespace pgvigil::backups;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t k_mib = std::uint64_t{1} << 20;

TestCase of_size(std::uint64_t size, std::uint64_t database) {
  auto backups = daily_backups(10);
  for (Backup& backup : backups)
    backup.sizes.database = 1000 * k_mib;
  backups.back().sizes.database = size;
  TestCase each(std::move(backups));
  each.server.database_sizes = {{"shop", database}};
  return each;
}

/// With the WAL from the first segment to the last.
TestCase with_wal(std::uint64_t last) {
  auto backup = complete_backup("20261120-040000F", k_test_now - 72h);
  backup.wal_start = "000000010000000000000002";
  backup.wal_stop = "000000010000000000000003";
  TestCase each({backup});
  Repository& repository = each.repository();
  repository.archives_elsewhere = false;
  repository.keeps_wal = true;
  repository.wal.emplace();
  for (std::uint64_t number = 2; number <= last; ++number)
    repository.wal->segments[segment_name({1, number}, k_default_segment_size)] = k_test_now - 48h;
  each.server.wal_segment_size = k_default_segment_size;
  each.server.wal_position = (last + 1) * k_default_segment_size + 100;
  return each;
}

}  // namespace

TEST_CASE("a backup much smaller than the databases is suspicious", "[backups]") {
  const TestCase whole = of_size(950 * k_mib, 1000 * k_mib);
  CHECK(whole.verdict().size_to_database == Approx(0.95));
  CHECK(whole.verdict().least_size_to_database == 0.5);
  CHECK_FALSE(whole.finds(Reason::too_small));
  CHECK(of_size(300 * k_mib, 1000 * k_mib).finds(Reason::too_small));
  // What is too small is told once.
  CHECK_FALSE(of_size(300 * k_mib, 1000 * k_mib).finds(Reason::size_jumped));
  // The database shrank as much.
  CHECK_FALSE(of_size(300 * k_mib, 310 * k_mib).finds(Reason::too_small));
  CHECK_FALSE(of_size(300 * k_mib, 310 * k_mib).finds(Reason::size_jumped));
  // Half as big as before, while the database is not.
  CHECK(of_size(400 * k_mib, 780 * k_mib).finds(Reason::too_small));
  // A small one proves nothing, nor does a server that was not asked.
  CHECK_FALSE(of_size(1 * k_mib, 50 * k_mib).verdict().size_to_database);
  TestCase unasked = of_size(300 * k_mib, 0);
  unasked.server.database_sizes.clear();
  CHECK(unasked.finds(Reason::size_jumped));
  TestCase asked = of_size(800 * k_mib, 1000 * k_mib);
  asked.source.policy.least_size = 0.9;
  CHECK(asked.finds(Reason::too_small));
}

TEST_CASE("a dump is compared with the databases that are in it", "[backups]") {
  auto set = complete_backup("set", k_test_now);
  set.kind = Kind::dump;
  set.databases = {"shop"};
  set.sizes.repository_delta = 2 * k_mib;
  TestCase each({set});
  each.source.tool = Tool::dumps;
  each.server.databases = {"shop"};
  each.server.database_sizes = {{"shop", 108 * k_mib}, {"other", 90'000 * k_mib}};
  CHECK(each.verdict().size_to_database == Approx(0.02));
  CHECK(each.verdict().least_size_to_database == 0.01);
  CHECK_FALSE(each.finds(Reason::too_small));
  each.backups()[0].sizes.repository_delta = k_mib / 2;
  CHECK(each.finds(Reason::too_small));
  each.backups()[0].sizes.dumped = 40 * k_mib;  // before it was packed
  CHECK(each.verdict().size_to_database == Approx(0.4));
  CHECK_FALSE(each.finds(Reason::too_small));
  each.backups()[0].sizes.dumped = 4 * k_mib;
  CHECK(each.finds(Reason::too_small));
  const auto manifest = parse_dump_manifest(
      R"({"format":"pgvigil-dump/1","started_at":"2026-11-23T02:00:00Z","finished_at":"2026-11-23T02:10:00Z",
          "files":[{"name":"shop.dump","database":"shop","bytes":5,"plain_bytes":50}],"databases_expected":[]})");
  REQUIRE(manifest);
  CHECK(manifest->files.at(0).plain_bytes == 50);
}

TEST_CASE("the window ends now while the archive has all WAL that there is", "[backups]") {
  TestCase idle = with_wal(9);
  CHECK(idle.verdict().window_seconds == 72 * 3600.0);  // its last WAL is two days old
  idle.source.policy.window = 71h;
  CHECK_FALSE(idle.finds(Reason::window_short));
  idle.source.policy.window = 100h;
  CHECK(idle.finds(Reason::window_short));

  TestCase behind = with_wal(9);
  *behind.server.wal_position += 2 * k_default_segment_size;
  CHECK(behind.verdict().window_seconds == 24 * 3600.0);
  behind.source.policy.window = 71h;
  CHECK(behind.finds(Reason::window_short));

  // A gap after the older backup: from the newer one on.
  TestCase gap = with_wal(9);
  auto newer = gap.backups()[0];
  newer.label = "20261122-040000F";
  newer.stop = k_test_now - 24h;
  newer.wal_start = newer.wal_stop = "000000010000000000000006";
  gap.backups().push_back(newer);
  CHECK(gap.verdict().window_seconds == 72 * 3600.0);
  gap.repository().wal->segments.erase("000000010000000000000004");
  CHECK(gap.verdict().window_seconds == 24 * 3600.0);

  // Nothing is asked of the time before the cluster was.
  TestCase young = with_wal(9);
  young.source.policy.window = 1000h;
  const auto birth =
      std::chrono::duration_cast<std::chrono::seconds>((k_test_now - 80h).time_since_epoch()).count();
  young.server.system_identifier = static_cast<std::uint64_t>(birth) << 32;
  CHECK_FALSE(young.finds(Reason::window_short));
  young.server.system_identifier = static_cast<std::uint64_t>(birth - 86400) << 32;
  CHECK(young.finds(Reason::window_short));
}

TEST_CASE("the oldest backup must be as old as the policy asks for", "[backups]") {
  TestCase each(daily_backups(10));
  CHECK(each.verdict().oldest == k_test_now - 216h);
  each.source.policy.oldest = 200h;
  CHECK_FALSE(each.finds(Reason::retention_short));
  each.source.policy.oldest = 300h;
  CHECK(each.finds(Reason::retention_short));
  each.source.policy.oldest = 200h;
  each.backups()[0].error = each.backups()[1].error = true;  // a damaged one is none
  CHECK(each.verdict().oldest == k_test_now - 168h);
  CHECK(each.finds(Reason::retention_short));
}

TEST_CASE("what stays after the next expiry is worked out by pgBackRest's own retention", "[backups]") {
  const auto staying = [](const std::string& options, bool newest_is_damaged) {
    TestCase each(daily_backups(4));
    each.repository().key = "1";
    each.backups().back().error = newest_is_damaged;
    apply_retention(PgbackrestConf("[global]\n" + options, "main"), k_test_now, each.repository());
    return std::pair(each.verdict().after_expiry, each.finds(Reason::expiry_leaves_few));
  };
  using Told = std::pair<std::optional<std::size_t>, bool>;
  CHECK(staying("", false) == Told{4, false});
  CHECK(staying("repo1-retention-full=3\n", false) == Told{2, false});
  CHECK(staying("repo1-retention-full=2\n", false) == Told{1, false});
  CHECK(staying("repo1-retention-full=2\n", true) ==
        Told{0, true});  // the damaged one pushes the last good one out
  CHECK(staying("repo1-retention-full=1\n", false) == Told{0, true});
  CHECK(staying("repo1-retention-full=2\nrepo1-retention-full-type=time\n", false) == Told{3, false});
  // For ever, as pgBackRest has it: more days than a count of nanoseconds holds.
  CHECK(staying("repo1-retention-full=9999999\nrepo1-retention-full-type=time\n", false) == Told{4, false});
  TestCase untold(daily_backups(4));
  CHECK_FALSE(untold.verdict().after_expiry);
  untold.source.policy.least = 9;
  CHECK_FALSE(untold.finds(Reason::expiry_leaves_few));
}

TEST_CASE("Barman calls backups obsolete that it will remove", "[backups]") {
  const auto backups = parse_barman_backups(
      R"({"main":[{"backup_id":"20261121T020000","status":"DONE","retention_status":"OBSOLETE"},
                  {"backup_id":"20261122T020000","status":"DONE","retention_status":"VALID"},
                  {"backup_id":"20261123T020000","status":"DONE","retention_status":"-"}]})",
      "main");
  REQUIRE(backups);
  CHECK(backups->at(0).expires == true);
  CHECK(backups->at(1).expires == false);
  CHECK(backups->at(2).expires == false);
}

TEST_CASE("options of a stanza go before those of all", "[backups]") {
  const PgbackrestConf conf(
      "[main]\nrepo1-retention-full = 7\n[global]\n# repo1-path=/no\nrepo1-path = "
      "/backup/repo\nrepo1-retention-full=2\nrepo2-type=s3\n"
      "repo2-path=/x\nrepo3-host=vault\nrepo3-path=/y\n[other]\nrepo1-path=/"
      "z\n[global:backup]\nrepo4-type=sftp\n",
      "main");
  CHECK(conf.value("repo1-retention-full") == "7");
  CHECK(conf.value("repo9-path").empty());
  CHECK(place_of(conf, "1").path == "/backup/repo");
  CHECK(place_of(conf, "1").place == Place::unknown);
  CHECK(place_of(conf, "2").place == Place::object_store);
  CHECK(place_of(conf, "2").path.empty());
  CHECK(place_of(conf, "3").place == Place::other_host);
  CHECK(place_of(conf, "4").place == Place::other_host);
  CHECK(place_of(conf, "5").path.empty());
}

TEST_CASE("where WAL-G stores is told by its settings", "[backups]") {
  std::string path;
  CHECK(place_of_wal_g(R"({"WALG_S3_PREFIX": "s3://bucket/shop"})", path) == Place::object_store);
  CHECK(place_of_wal_g("WALG_SSH_PREFIX=ssh://vault/shop", path) == Place::other_host);
  CHECK(path.empty());
  CHECK(place_of_wal_g("{\"WALG_FILE_PREFIX\": \"/backup/shop\",\n}", path) == Place::unknown);
  CHECK(path == "/backup/shop");
}

TEST_CASE("backups on the host of the database are lost with it", "[backups]") {
  TestCase each(daily_backups(3));
  CHECK_FALSE(each.verdict().off_host);
  each.source.policy.off_host = true;
  CHECK_FALSE(each.finds(Reason::not_off_host));  // nobody knows
  each.repository().place = Place::same_host;
  CHECK(each.verdict().off_host == false);
  CHECK(each.finds(Reason::not_off_host));
  each.repository().place = Place::same_volume;
  CHECK(each.finds(Reason::same_volume));
  each.repository().place = Place::object_store;
  CHECK(each.verdict().off_host == true);
  CHECK_FALSE(each.finds(Reason::not_off_host));
}

TEST_CASE("a declaration that storage is immutable is held against what is seen", "[backups]") {
  TestCase each(daily_backups(3));
  CHECK_FALSE(each.verdict().immutable);
  each.source.policy.immutable = true;
  CHECK(each.finds(Reason::not_immutable));  // nothing shows it
  each.source.immutable = true;
  CHECK(each.verdict().immutable == true);
  CHECK_FALSE(each.finds(Reason::not_immutable));
  each.repository().immutable = false;
  CHECK(each.finds(Reason::not_immutable));
  each.repository().immutable = true;
  each.source.immutable = false;
  CHECK_FALSE(each.finds(Reason::not_immutable));
}

TEST_CASE("each tablespace of the server must be in the backup, as a copy", "[backups]") {
  TestCase each(daily_backups(3));
  each.server.tablespaces = {{.oid = "16385", .name = "fast", .location = "/nvme"}};
  CHECK_FALSE(each.verdict().tablespaces_missing);
  each.backups().back().tablespaces.emplace();
  CHECK(each.verdict().tablespaces_missing == std::vector<std::string>{"fast"});
  CHECK(each.finds(Reason::tablespace_missing));
  each.backups().back().tablespaces =
      std::vector<Tablespace>{{.oid = "16385", .name = "", .location = "/nvme"}};
  CHECK(each.verdict().tablespaces_missing == std::vector<std::string>{});
  CHECK_FALSE(each.finds(Reason::tablespace_missing));
  // The files are those of the running server: no copy of anything.
  each.backups().back().tablespaces->front().outside = true;
  CHECK(each.decides(Reason::tablespace_missing));
  each.backups().back().tablespaces->front().location = "/backup/fast";
  CHECK_FALSE(each.decides(Reason::tablespace_missing));
}

TEST_CASE("captured answers tell the tablespaces of a backup", "[backups]") {
  const auto reading =
      parse_pgbackrest_info(fixture("backups/pgbackrest_245_set_page_checksum_error.json"), "main");
  REQUIRE(reading);
  const Backup& named = reading->repositories.at(0).backups.at(0);
  REQUIRE(named.tablespaces);  // null: none
  CHECK(named.tablespaces->empty());
  const auto unnamed =
      parse_pgbackrest_info(fixture("backups/pgbackrest_245_multi_repo_full_diff_incr.json"), "main");
  REQUIRE(unnamed);
  CHECK_FALSE(unnamed->repositories.at(0).backups.at(0).tablespaces);
  Backup shown;
  REQUIRE(parse_barman_backup(fixture("backups/barman_340_show_backup.json"), "pg15", shown));
  REQUIRE(shown.tablespaces);
  CHECK(shown.tablespaces->empty());
}
