#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "collectors/backups/files/checksum.h"
#include "collectors/backups/files/content.h"
#include "collectors/backups/files/json_text.h"
#include "collectors/backups/files/proof_cache.h"
#include "collectors/backups/judging/verdict.h"
#include "collectors/backups/tools/backup_manifest.h"
#include "collectors/backups/tools/barman_json.h"
#include "collectors/backups/tools/cloudnativepg_json.h"
#include "collectors/backups/tools/dump_file.h"
#include "collectors/backups/tools/dump_manifest.h"
#include "collectors/backups/tools/reader.h"
#include "collectors/backups/tools/wal_g_json.h"
#include "tests/unit/fixture.h"

using namespace pgvigil;
using namespace pgvigil::backups;
using namespace std::chrono_literals;

namespace {

const Timestamp k_now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 4h};

Verdict judged(Repository repository, const Policy& policy = {}) {
  const Source source{.policy = policy};
  Reading reading;
  reading.repositories.push_back(std::move(repository));
  return judge({.source = source, .reading = reading, .drills = {}}, k_now)[0];
}

Content plain(const std::string& text) {
  Content content;
  content.size = text.size();
  content.head = text.substr(0, 4096);
  content.tail = text.size() > 4096 ? text.substr(text.size() - 4096) : text;
  return content;
}

}  // namespace

TEST_CASE("barman's captured lists: done, running and failed backups", "[backups]") {
  const auto done = parse_barman_backups(fixture("backups/barman_340_list_backups.json"), "pg15");
  REQUIRE(done);
  REQUIRE(done->size() == 1);
  CHECK(done->front().state == State::complete);
  CHECK(time_text(*done->front().stop) == "2026-11-23T03:12:38Z");
  CHECK(done->front().sizes.database == 312358541U);
  CHECK(parse_barman_backups(fixture("backups/barman_340_list_backups.json"), "dead")->empty());
  const auto running = parse_barman_backups(fixture("backups/barman_317_list_backups_in_progress.json"), "");
  REQUIRE(running);
  CHECK(running->at(2).state == State::running);
  CHECK(running->at(1).state == State::failed);
  CHECK(running->at(0).state == State::complete);
}

TEST_CASE("barman says what is wrong as JSON, too", "[backups]") {
  CHECK(parse_barman_backups("{\"_ERROR\":[\"Unknown server 'x'\"]}", "x")
            .error()
            .message.contains("Unknown server"));
  CHECK_FALSE(parse_barman_backups("", "x"));
  CHECK_FALSE(parse_barman_backups(fixture("backups/barman_340_list_backups.json"), "nowhere"));
  CHECK_FALSE(parse_barman_backups(fixture("backups/barman_340_list_backups.json"), ""));
}

TEST_CASE("barman's checks that fail are findings, those that are not configured are none", "[backups]") {
  const auto dead = parse_barman_check(fixture("backups/barman_340_check_all.json"), "dead");
  REQUIRE(dead);
  CHECK_FALSE(dead->empty());
  for (const Trouble& trouble : *dead)
    CHECK_FALSE(trouble.text.contains("maximum_age"));
}

TEST_CASE("barman shows the WAL of a backup", "[backups]") {
  Backup backup;
  REQUIRE(parse_barman_backup(fixture("backups/barman_340_show_backup.json"), "pg15", backup));
  CHECK(backup.wal_start == "000000010000000000000044");
  CHECK(backup.wal_stop == "000000010000000000000044");
  Backup newer;
  REQUIRE(parse_barman_backup(fixture("backups/barman_317_show_backup.json"), "pg15", newer));
  CHECK_FALSE(newer.wal_start.empty());
}

TEST_CASE("WAL-G, as documented: segments that wal-verify calls lost", "[backups]") {
  Repository repository;
  repository.keeps_wal = true;
  repository.backups = *parse_wal_g_backups(fixture("backups/walg_backup_list_detail_SYNTHETIC.json"));
  REQUIRE(repository.backups.size() == 2);
  CHECK(repository.backups[0].system_identifier == 7711196945010644855U);
  CHECK(repository.backups[0].wal_stop == "00000001000000000000000A");
  CHECK(repository.backups[1].kind == Kind::incremental);
  CHECK(repository.backups[1].prior == "base_00000001000000000000000A");
  CHECK(judged(repository).because.reason == Reason::archive_unseen);
  std::string newest;
  repository.wal =
      *parse_wal_g_verify(fixture("backups/walg_wal_verify_SYNTHETIC.json"), k_default_segment_size, newest);
  CHECK(newest == "000000010000000000000030");
  // The newest backup came after the hole.
  CHECK(judged(repository).answer == Answer::recoverable);
  repository.backups.pop_back();
  CHECK(judged(repository).because.reason == Reason::wal_gap);
  CHECK(judged(repository).wal_missing == 2);
}

TEST_CASE("WAL-G tells nothing at all about an empty storage", "[backups]") {
  Repository repository;
  repository.backups = *parse_wal_g_backups("\n");
  CHECK(judged(repository).because.reason == Reason::no_backups);
  CHECK_FALSE(parse_wal_g_backups("{}"));
}

TEST_CASE("CloudNativePG, as documented: failed, stuck and completed backups", "[backups]") {
  const auto reading = parse_cloudnativepg(fixture("backups/cnpg_backup_list_SYNTHETIC.json"), "pg");
  REQUIRE(reading);
  const Verdict verdict = judged(reading->repositories[0]);
  CHECK(verdict.answer == Answer::recoverable);
  CHECK(verdict.basis == "pg-daily-20261122020000");
  std::set<Reason> reasons;
  for (const Trouble& finding : verdict.findings)
    reasons.insert(finding.reason);
  CHECK(reasons == std::set<Reason>{Reason::last_failed, Reason::stuck});
  CHECK_FALSE(parse_cloudnativepg("{}", "pg"));
}

TEST_CASE("CloudNativePG, as documented: the window of an object store, and WAL that does not arrive",
          "[backups]") {
  const std::string store = fixture("backups/cnpg_objectstore_SYNTHETIC.json");
  const auto told = [&](const std::string& status) {
    const std::string cluster =
        R"({"kind":"Cluster","metadata":{"name":"pg"},"status":{"conditions":[{"type":"ContinuousArchiving","status":")" +
        status + R"(","message":"cannot upload"}]}})";
    return parse_cloudnativepg("{\"items\":[" + cluster + "," + store + "]}", "pg")->repositories[0];
  };
  CHECK(told("True").archives_elsewhere);
  CHECK(told("True").first_recoverable == parse_time("2026-10-24T02:04:10Z"));
  REQUIRE(told("False").checks.size() == 2);
  CHECK(told("False").checks[0].text == "ContinuousArchiving: cannot upload");
}

TEST_CASE("CloudNativePG, as documented: schedules begin with the seconds, and may leave out the weekday",
          "[backups]") {
  const auto next = [](const std::string& schedule, const std::string& status) {
    const std::string object =
        R"({"kind":"ScheduledBackup","metadata":{"name":"s","creationTimestamp":"2026-11-20T10:00:00Z"},)"
        R"("spec":{"cluster":{"name":"pg"},"schedule":")" +
        schedule + R"("},"status":)" + status + "}";
    const auto reading = parse_cloudnativepg("{\"items\":[" + object + "]}", "pg");
    REQUIRE(reading);
    const auto& timetables = reading->repositories.at(0).timetables;
    REQUIRE(timetables.size() == 1);
    CHECK_FALSE(timetables[0].suspended);
    return timetables[0].next ? time_text(*timetables[0].next) : "";
  };
  CHECK(next("0 30 2 * * *", "{}") == "2026-11-21T02:30:00Z");
  CHECK(next("0 30 2 * *", "{}") == "2026-11-21T02:30:00Z");
  CHECK(next("@daily", "{}") == "2026-11-21T00:00:00Z");
  // It was changed to hourly after the last one: what the operator noted then is no longer so.
  CHECK(next("0 0 * * * *",
             R"({"lastCheckTime":"2026-11-22T02:30:00Z","nextScheduleTime":"2026-11-23T02:30:00Z"})") ==
        "2026-11-22T03:00:00Z");
  CHECK(next("TZ=Asia/Tokyo 0 30 2 * * *",
             R"({"lastCheckTime":"2026-11-22T17:30:00Z","nextScheduleTime":"2026-11-23T17:30:00Z"})") ==
        "2026-11-23T17:30:00Z");
  CHECK(next("nonsense", "{}").empty());
}

TEST_CASE("a backup that is late by its timetable, and one that only takes long", "[backups]") {
  Repository repository;
  repository.timetables.push_back({.name = "daily", .last = k_now - 26h, .next = k_now - 2h});
  const auto deadline = [&] {
    const auto cadence = cadence_of(repository, {}, k_now);
    REQUIRE(cadence);
    CHECK(cadence->scheduled);
    return cadence->deadline;
  };
  CHECK(deadline() == k_now - 26h + 90min);  // that one came to nothing, and there is none before
  Backup backup;
  backup.start = k_now - 26h;
  backup.stop = k_now - 25h;
  repository.backups.push_back(backup);
  CHECK(deadline() == k_now - 2h + 90min + 1h);  // the last one took an hour
  Backup running;
  running.state = State::running;
  running.start = k_now - 2h;
  repository.backups.push_back(running);
  repository.backups[0].stop = k_now - 26h + 1min;
  CHECK(deadline() == k_now);  // it is under way
  repository.timetables[0].suspended = true;
  CHECK_FALSE(cadence_of(repository, {}, k_now));
}

TEST_CASE("a file that takes longer than one look is read on in the next", "[backups]") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("pgvigil-" + std::to_string(::getpid()) + ".xz")).string();
  std::ofstream(path, std::ios::binary) << fixture("backups/zeros_32_mib.xz");
  const auto deadline = [](auto time) { return Deadline::clock::now() + time; };
  // All of it is in one block of the file, so it must be left in the middle of that.
  ContentReader reader(path, {.memory = Bytes{24 << 20}});
  std::size_t looks = 1;
  auto content = reader.read(deadline(5ms), {});
  for (; !content && looks < 10'000; ++looks) {
    REQUIRE(content.error().kind == ErrorKind::timed_out);
    content = reader.read(deadline(5ms), {});
  }
  REQUIRE(content);
  CHECK(looks > 1);
  CHECK(content->whole);
  CHECK(content->size == 32 << 20);
  CHECK(content->tail == std::string(4096, '\0'));
  CHECK_FALSE(ContentReader(path, {.memory = Bytes{4 << 20}}).read(deadline(1min), {})->obstacle.empty());

  ProofCache cache;
  std::size_t asked = 1;
  while (!cache.read<ChecksumReader>(path, "sha256", deadline(0ms), {}) && asked < 3)
    ++asked;
  CHECK(asked == 3);
  CHECK(cache.read<ChecksumReader>(path, "sha256", deadline(1min), {}) ==
        sha256_of(fixture("backups/zeros_32_mib.xz")));
  CHECK(cache.read<ChecksumReader>(path, "sha256", deadline(0ms), {}).has_value());  // it is remembered
  std::filesystem::remove(path);
}

TEST_CASE("plain dumps end with their last line, or the one after it", "[backups]") {
  const std::string head = "--\n-- PostgreSQL database dump\n--\n\nSET a;\n";
  CHECK(judge_dump(plain(head + "--\n-- PostgreSQL database dump complete\n--\n\n")).state ==
        State::complete);
  CHECK(judge_dump(plain(head + "--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict x\n")).state ==
        State::complete);
  CHECK(judge_dump(plain(head)).state == State::damaged);
  CHECK(judge_dump(plain("")).why == "it holds nothing");
  CHECK(judge_dump(plain("<html>")).why == "it is no dump of PostgreSQL");
}

TEST_CASE("files are told apart by their first bytes", "[backups]") {
  CHECK(packing_of("\x1f\x8b\x08") == Packing::gzip);
  CHECK(packing_of("\x28\xb5\x2f\xfd") == Packing::zstd);
  CHECK(packing_of("\xfd"
                   "7zXZ") == Packing::xz);
  CHECK(packing_of("BZh9") == Packing::bzip2);
  CHECK(packing_of("\x04\x22\x4d\x18") == Packing::lz4);
  CHECK(packing_of("\x50\x2a\x4d\x18") == Packing::zstd);  // pzstd begins so
  CHECK(packing_of("age-encryption.org/v1\n") == Packing::age);
  CHECK(packing_of("\x85\x01\x8c") == Packing::gpg);
  CHECK(packing_of("\x8c\x0d") == Packing::gpg);
  CHECK(packing_of("PGDMP") == Packing::none);
  CHECK(packing_of("") == Packing::none);
}

TEST_CASE("names of dumps tell database and time", "[backups]") {
  CHECK(parse_dump_name("shop-20261123T020000Z.dump.gz").database == "shop");
  CHECK(parse_dump_name("shop-20261123T020000Z.dump.gz").time == "20261123T020000Z");
  CHECK(parse_dump_name("my_shop_2026-11-23.sql").database == "my_shop");
  CHECK(parse_dump_name("my_shop_2026-11-23.sql").time == "2026-11-23");
  CHECK(parse_dump_name("shop.dump").time.empty());
  CHECK(parse_dump_name("shop.dump").database == "shop");
}

TEST_CASE("a manifest of dumps is read, and leads nowhere else", "[backups]") {
  const std::string head =
      R"({"format":"pgvigil-dump/1","started_at":"2026-11-23T02:00:00Z","finished_at":"2026-11-23T02:01:00Z",
    "server":{"system_identifier":"7711196945010644855"},"databases_expected":["shop"],"files":[)";
  const auto good = parse_dump_manifest(
      head +
      R"({"name":"shop.dump.age","kind":"database","database":"shop","bytes":5,"sha256":"ab","encryption":"age"}]})");
  REQUIRE(good);
  CHECK(good->system_identifier == 7711196945010644855U);
  CHECK(good->files.at(0).encrypted);
  CHECK(good->expected == std::vector<std::string>{"shop"});
  CHECK_FALSE(parse_dump_manifest(head + R"({"name":"../../etc/passwd","bytes":5}]})"));
  CHECK_FALSE(parse_dump_manifest(R"({"format":"other/1"})"));
  CHECK_FALSE(parse_dump_manifest("{"));
}

TEST_CASE("a captured backup_manifest proves itself, and a changed one does not", "[backups]") {
  std::string text = fixture("backups/pg15_backup_manifest.json");
  const auto good = parse_backup_manifest(text);
  REQUIRE(good);
  CHECK(good->sum_is_right);
  CHECK(good->files.size() > 900);
  CHECK(good->wal.size() == 1);
  CHECK(good->files.at(1).path == "PG_VERSION");
  CHECK(good->files.at(1).sum == sum_of("15\n", *good->files.at(1).sum_kind));
  text[text.find("\"Size\": ") + 8] = '9';
  CHECK_FALSE(parse_backup_manifest(text)->sum_is_right);
  CHECK_FALSE(parse_backup_manifest(text.substr(0, text.size() / 2)));
}

TEST_CASE("sums of text", "[backups]") {
  CHECK(sha256_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sum_of("", SumKind::crc32c) == "00000000");
  // The check value of CRC-32C is E3069283, and that of 32 zeros 8A9136AA (RFC 3720); the manifest begins
  // with the lowest byte.
  CHECK(sum_of("123456789", SumKind::crc32c) == "839206e3");
  CHECK(sum_of(std::string(32, '\0'), SumKind::crc32c) == "aa36918a");
  CHECK(sum_of("", SumKind::sha224) == "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f");
  CHECK(sum_kind_of("SHA512") == SumKind::sha512);
  CHECK_FALSE(sum_kind_of("NONE"));
}

namespace {

/// A base backup of two files in a folder of its own.
class BaseFolder {
 public:
  BaseFolder()
      : path(std::filesystem::temp_directory_path() / ("pgvigil-base-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path);
    write("PG_VERSION", "15\n");
    write("data", std::string(100'000, 'x'));
    write("postgresql.auto.conf", "primary_conninfo = 'added since'\n");
    std::string text = "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [\n" +
                       line("PG_VERSION", 3, sum_of("15\n", SumKind::crc32c)) + ",\n" +
                       line("data", 100'000, sum_of(std::string(100'000, 'x'), SumKind::crc32c)) + ",\n" +
                       line("postgresql.auto.conf", 0, "00000000") + "\n],\n\"WAL-Ranges\": [\n],\n";
    text += "\"Manifest-Checksum\": \"" + sha256_of(text) + "\"}\n";
    write("backup_manifest", text);
  }
  ~BaseFolder() { std::filesystem::remove_all(path); }
  BaseFolder(const BaseFolder&) = delete;
  BaseFolder& operator=(const BaseFolder&) = delete;
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name, std::ios::binary) << text;
  }
  /// What a look that has so much time makes of it.
  Backup read(ProofCache& proofs, bool checksums = true, std::chrono::milliseconds time = 1min) const {
    Source source{.tool = Tool::base_backups, .directory = path.string()};
    source.checksums = checksums;
    const std::shared_ptr<ProofCache> shared(&proofs, [](ProofCache*) {});
    const Look look{source, std::nullopt, k_now, Deadline::clock::now() + time, {}, shared, {}};
    return read_source(look).repositories.at(0).backups.at(0);
  }

 private:
  static std::string line(const std::string& name, std::size_t size, const std::string& sum) {
    return "{ \"Path\": \"" + name + "\", \"Size\": " + std::to_string(size) +
           ", \"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"" + sum + "\" }";
  }
  const std::filesystem::path path;
};

}  // namespace

TEST_CASE("files of a base backup are held against the sums of its manifest", "[backups]") {
  const BaseFolder folder;
  ProofCache proofs;
  const Backup hasty = folder.read(proofs, true, 0ms);
  CHECK(hasty.state == State::complete);
  CHECK_FALSE(hasty.verified);
  const Backup good = folder.read(proofs);
  CHECK(good.state == State::complete);
  CHECK(good.verified == k_now);
  CHECK(good.postgres_version == "15");
  CHECK(folder.read(proofs, true, 0ms).verified == k_now);  // it is remembered
  CHECK_FALSE(folder.read(proofs, false).verified);

  // As long as before.
  folder.write("data", std::string(99'999, 'x') + "y");
  ProofCache others;
  CHECK(folder.read(others, false).state == State::complete);
  const Backup damaged = folder.read(others);
  CHECK(damaged.state == State::damaged);
  CHECK(damaged.why == "data is not what was backed up: its sum differs");
  CHECK_FALSE(damaged.verified);
}
