#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "collectors/backups/files/command.h"
#include "collectors/backups/files/json_text.h"
#include "collectors/backups/judging/verdict.h"
#include "collectors/backups/tools/pgbackrest_info.h"
#include "tests/unit/fixture.h"

using namespace pgvigil;
using namespace pgvigil::backups;
using namespace std::chrono_literals;

namespace {

Reading read_info(const std::string& name, const std::string& stanza = "main") {
  auto reading = parse_pgbackrest_info(fixture("backups/" + name), stanza);
  INFO(name);
  REQUIRE(reading);
  return std::move(*reading);
}

Timestamp at(std::string_view text) {
  const auto time = parse_time(text);
  REQUIRE(time);
  return *time;
}

const Timestamp k_now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 4h};

/// As if every segment from the first to the last that `info` knows were in the archive.
void give_whole_archive(Reading& reading) {
  for (Repository& repository : reading.repositories) {
    if (repository.archives.empty()) continue;
    WalListing listing;
    const Archive& archive = repository.archives.back();
    const auto first = parse_segment(archive.min, listing.segment_size);
    const auto last = parse_segment(archive.max, listing.segment_size);
    for (Segment each = first.value_or(Segment{}); first && last && each <= *last; ++each.number)
      listing.add_file(segment_name(each, listing.segment_size) + "-0123456789abcdef.gz", k_now - 30min);
    repository.wal = listing;
  }
}

std::vector<Verdict> verdicts(const Reading& reading,
                              const Source& source = {},
                              const std::vector<Drill>& drills = {}) {
  return judge({.source = source, .reading = reading, .drills = drills}, k_now);
}

/// "1 recoverable, 2 unknown unreadable"
std::string in_short(const std::vector<Verdict>& all) {
  std::string text;
  for (const Verdict& verdict : all) {
    text += (text.empty() ? "" : ", ") + verdict.repository + " " + std::string(to_string(verdict.answer));
    if (verdict.because.reason != Reason::none) text += " " + std::string(to_string(verdict.because.reason));
  }
  return text;
}

std::string judged(const std::string& name, const std::string& stanza = "main") {
  Reading reading = read_info(name, stanza);
  give_whole_archive(reading);
  return in_short(verdicts(reading));
}

Backup complete(const std::string& label, Kind kind, Timestamp stop, std::uint64_t size = 1000) {
  Backup backup;
  backup.label = label;
  backup.kind = kind;
  backup.start = stop - 10min;
  backup.stop = stop;
  backup.sizes.database = size;
  return backup;
}

}  // namespace

TEST_CASE("what pgbackrest info tells of every captured situation", "[backups]") {
  CHECK(judged("pgbackrest_245_multi_repo_full_diff_incr.json") == "1 recoverable, 2 recoverable");
  CHECK(judged("pgbackrest_2591_multi_repo_full_diff_incr.json") == "1 recoverable, 2 recoverable");
  CHECK(judged("pgbackrest_2591_block_incremental.json") == "1 recoverable");
  CHECK(judged("pgbackrest_245_one_full_repo1_only.json") == "1 recoverable, 2 not_recoverable no_backups");
  CHECK(judged("pgbackrest_245_empty_repo.json") ==
        "1 not_recoverable no_backups, 2 not_recoverable no_backups");
  CHECK(judged("pgbackrest_245_nosuch_stanza.json", "nosuch") ==
        "1 not_recoverable no_stanza, 2 not_recoverable no_stanza");
  CHECK(judged("pgbackrest_245_no_stanza_in_repo.json") == " not_recoverable no_stanza");
  CHECK(judged("pgbackrest_245_repo_unreadable.json") == "1 unknown unreadable, 2 recoverable");
  CHECK(judged("pgbackrest_2591_repo_unreadable.json").starts_with("1 unknown unreadable"));
  CHECK(judged("pgbackrest_245_wrong_cipher_pass.json") == "1 recoverable, 2 unknown cipher_key");
  CHECK(judged("pgbackrest_2591_wrong_cipher_pass.json") == "1 recoverable, 2 unknown cipher_key");
  CHECK(judged("pgbackrest_245_corrupt_backup_info.json") ==
        "1 not_recoverable catalog_damaged, 2 recoverable");
  CHECK(judged("pgbackrest_2591_wal_archive_deleted.json").contains("not_recoverable archive_empty"));
}

TEST_CASE("without a listing of the archive nothing is taken for recoverable", "[backups]") {
  CHECK(in_short(verdicts(read_info("pgbackrest_245_multi_repo_full_diff_incr.json"))) ==
        "1 unknown archive_unseen, 2 unknown archive_unseen");
}

TEST_CASE("a system identifier beyond 2^53 is read exactly", "[backups]") {
  const Reading reading = read_info("pgbackrest_245_multi_repo_full_diff_incr.json");
  CHECK(reading.repositories.at(0).databases.at(0).system_identifier == 7711196945010644855U);
  CHECK(reading.repositories.at(0).backups.at(0).system_identifier == 7711196945010644855U);
}

TEST_CASE("control bytes and bad UTF-8 of a wrong cipher key do not hide the other repository", "[backups]") {
  const Reading reading = read_info("pgbackrest_245_wrong_cipher_pass.json");
  CHECK(reading.repaired);
  CHECK(reading.repositories.size() == 2);
  CHECK_FALSE(reading.repositories[0].backups.empty());
  CHECK_FALSE(repaired("{\"a\":\n \"b\\\\\"}").repaired);
  CHECK(repaired("\"a\nb\"").text ==
        "\"a\xEF\xBF\xBD"
        "b\"");
}

TEST_CASE("what a wrong cipher key made of a catalogue may be plain ASCII", "[backups]") {
  const auto reason_with = [](const std::string& cipher, const std::string& fault) {
    const auto reading = parse_pgbackrest_info(
        R"([{"name":"main","repo":[{"cipher":")" + cipher +
            R"(","key":1,"status":{"code":99,"message":"[FormatError] )" +
            R"(unable to load info file '/repo/backup/main/backup.info'\nFormatError: )" + fault +
            R"("}}],"status":{"code":99}}])",
        "main");
    REQUIRE(reading);
    return reading->repositories.at(0).trouble.value().reason;
  };
  CHECK(reason_with("aes-256-cbc", "key/value found outside of section at line 1: ") == Reason::cipher_key);
  CHECK(reason_with("none", "key/value found outside of section at line 1: ") == Reason::catalog_damaged);
  CHECK(reason_with("aes-256-cbc", "invalid checksum") == Reason::catalog_damaged);
}

TEST_CASE("what is no JSON of info is an error", "[backups]") {
  for (const std::string text : {"", "{}", "[1]", "[{\"name\":", "null"}) {
    INFO(text);
    CHECK_FALSE(parse_pgbackrest_info(text, "main"));
  }
}

TEST_CASE("a backup with damaged pages is not the one to restore, while an older sound one is", "[backups]") {
  Reading reading = read_info("pgbackrest_245_page_checksum_error.json");
  give_whole_archive(reading);
  const auto all = verdicts(reading);
  for (const Verdict& verdict : all) {
    const auto& backups = reading.repositories[verdict.repository == "1" ? 0 : 1].backups;
    const auto found = std::ranges::find(backups, verdict.basis, &Backup::label);
    REQUIRE(found != backups.end());
    CHECK_FALSE(found->error.value_or(false));
  }
  SECTION("and when all are damaged nothing is") {
    for (Backup& backup : reading.repositories[0].backups)
      backup.error = true;
    CHECK(verdicts(reading)[0].because.reason == Reason::page_errors);
  }
}

TEST_CASE("segments are counted by the size that they have", "[backups]") {
  CHECK(segment_size_of("000000010000000000000004", "0/4000028") == 16U << 20);
  CHECK(segment_size_of("000000010000000000000001", "0/4000028") == 64U << 20);
  CHECK_FALSE(segment_size_of("000000010000000000000000", "0/28"));
  CHECK(parse_segment("0000000200000001000000FF", 16 << 20) == Segment{2, 511});
  CHECK_FALSE(parse_segment("000000020000000100000040", 64 << 20));
  CHECK(segment_name({2, 511}, 16 << 20) == "0000000200000001000000FF");
  CHECK(parse_lsn("1/A000028") == 0x10A000028U);
}

TEST_CASE("a hole in the WAL ends what can be restored", "[backups]") {
  Reading reading = read_info("pgbackrest_245_multi_repo_full_diff_incr.json");
  give_whole_archive(reading);
  auto& segments = reading.repositories[0].wal->segments;
  SECTION("after the newest backup") {
    REQUIRE(segments.erase("00000001000000000000000C") == 1);
    const Verdict verdict = verdicts(reading)[0];
    CHECK(verdict.because.reason == Reason::wal_gap);
    CHECK(verdict.because.text.contains("00000001000000000000000C"));
    CHECK(verdict.wal_missing == 1);
    CHECK(verdict.until);
  }
  SECTION("in the newest backup itself: an older one leads up to the hole") {
    REQUIRE(segments.erase("00000001000000000000000B") == 1);
    const Verdict verdict = verdicts(reading)[0];
    CHECK(verdict.because.reason == Reason::wal_gap);
    CHECK(verdict.basis == "20261123-030257F_20261123-030304D");
  }
  SECTION("before the newest backup it only shortens the window") {
    REQUIRE(segments.erase("00000001000000000000000A") == 1);
    const Verdict verdict = verdicts(reading)[0];
    CHECK(verdict.answer == Answer::recoverable);
    CHECK(verdict.since == reading.repositories[0].backups.back().stop);
  }
  SECTION("the last that the catalogue knows is missing, too") {
    REQUIRE(segments.erase("00000001000000000000000D") == 1);
    CHECK(verdicts(reading)[0].because.reason == Reason::wal_gap);
  }
  SECTION("what came after the catalogue was read is on its way") {
    reading.repositories[0].wal->add_file("00000001000000000000000F", k_now);
    CHECK(verdicts(reading)[0].answer == Answer::recoverable);
  }
}

TEST_CASE("WAL is followed over to the timeline that branched off", "[backups]") {
  WalListing listing;
  for (const char* name : {"000000010000000000000004", "000000010000000000000005", "000000020000000000000005",
                           "000000020000000000000006"})
    listing.add_file(name, k_now);
  listing.add_file("000000010000000000000006.partial", k_now);
  listing.add_file("000000010000000000000004.00000028.backup", k_now);
  listing.add_file("00000002.history", k_now);
  CHECK(listing.histories == std::vector<std::string>{"00000002.history"});
  CHECK(listing.segments.size() == 4);
  const auto branch = parse_history("1\t0/5000A28\tno recovery target specified\n");
  REQUIRE(branch);
  listing.branches.emplace(2, *branch);
  const WalRun run = follow(listing, {1, 4}, Segment{2, 6});
  CHECK_FALSE(run.missing);
  CHECK(run.last == Segment{2, 6});
}

TEST_CASE("a listing of the real repo-ls", "[backups]") {
  const auto listing = parse_pgbackrest_listing(fixture("backups/pgbackrest_2591_repo_ls_archive.json"));
  REQUIRE(listing);
  CHECK(listing->segments.contains("000000010000000000000010"));
  CHECK(listing->segments.begin()->first == "00000001000000000000000F");
  CHECK_FALSE(parse_pgbackrest_listing("[]"));
  CHECK_FALSE(parse_pgbackrest_listing("{\"a\":"));
}

TEST_CASE("an idle server raises no alarm, however old its last WAL is", "[backups]") {
  Reading reading = read_info("pgbackrest_245_multi_repo_full_diff_incr.json");
  give_whole_archive(reading);
  for (auto& [name, time] : reading.repositories[0].wal->segments)
    time = k_now - 240h;
  const Verdict verdict = verdicts(reading)[0];
  CHECK(verdict.answer == Answer::recoverable);
  CHECK(verdict.findings.empty());
}

TEST_CASE("a chain with a missing parent is broken", "[backups]") {
  Reading reading = read_info("pgbackrest_245_multi_repo_full_diff_incr.json");
  give_whole_archive(reading);
  auto& backups = reading.repositories[0].backups;
  backups.erase(backups.begin());
  CHECK(verdicts(reading)[0].because.reason == Reason::chain_broken);
}

TEST_CASE("dumps that are too old are not recoverable within the policy", "[backups]") {
  Reading reading;
  reading.repositories.resize(1);
  reading.repositories[0].backups = {complete("a", Kind::dump, k_now - 40h)};
  CHECK(verdicts(reading)[0].because.reason == Reason::too_old);
  reading.repositories[0].backups[0].stop = k_now - 4h;
  CHECK(verdicts(reading)[0].answer == Answer::recoverable);
  CHECK(verdicts(reading)[0].until == reading.repositories[0].backups[0].start);
}

TEST_CASE("a backup of the future proves no age", "[backups]") {
  Reading reading;
  reading.repositories.resize(1);
  reading.repositories[0].backups = {complete("a", Kind::dump, k_now + 3min)};
  CHECK(verdicts(reading)[0].answer == Answer::recoverable);
  reading.repositories[0].backups.push_back(complete("b", Kind::dump, k_now + 2h));
  CHECK(in_short(verdicts(reading)) == " unknown clock");
}

TEST_CASE("backups of another cluster do not count", "[backups]") {
  Reading reading = read_info("pgbackrest_245_multi_repo_full_diff_incr.json");
  give_whole_archive(reading);
  const Source source;
  LiveServer server{.system_identifier = 7711196945010644855U};
  CHECK(judge({source, reading, &server, {}}, k_now)[0].answer == Answer::recoverable);
  server.system_identifier = 1;
  CHECK(judge({source, reading, &server, {}}, k_now)[0].because.reason == Reason::other_cluster);
}

TEST_CASE("a restore drill proves the backup, and a failed one of it disproves it", "[backups]") {
  Reading reading = read_info("pgbackrest_245_multi_repo_full_diff_incr.json");
  give_whole_archive(reading);
  Source source;
  source.policy.restored_within = 24h;
  CHECK(verdicts(reading, source)[0].findings.at(0).reason == Reason::not_rehearsed);
  const std::string text =
      R"({"format":"pgvigil-restore-drill/1","source":{"tool":"pgbackrest","stanza":"main","repository":1,"label":"20261123-030257F_20261123-030307I"},
          "finished_at":"2026-11-23T03:30:00Z","restore_seconds":12.5,"recovered_until":null,"checks":[],"outcome":"passed","why":""})";
  auto drill = parse_drill(text);
  REQUIRE(drill);
  const Verdict proven = verdicts(reading, source, {*drill})[0];
  CHECK(proven.findings.empty());
  CHECK(proven.restored == at("2026-11-23T03:30:00Z"));
  CHECK(proven.restore_seconds == 12.5);
  CHECK_FALSE(verdicts(reading, source, {*drill})[1].restored);
  drill->passed = false;
  CHECK(verdicts(reading, source, {*drill})[0].because.reason == Reason::drill_failed);
  CHECK_FALSE(parse_drill("{\"format\":\"other\"}"));
}

TEST_CASE("a size is judged against its own history", "[backups]") {
  CHECK_FALSE(trend_of(std::vector<double>{1, 1, 1, 1, 9}, 1.5));
  CHECK_FALSE(trend_of(std::vector<double>{100, 101, 99, 100, 102, 130}, 1.5)->jumped);
  const auto shrunk = trend_of(std::vector<double>{100, 101, 99, 100, 102, 40}, 1.5);
  CHECK(shrunk->jumped);
  CHECK(shrunk->ratio == Approx(0.4).margin(0.01));
  // What has always varied that much is no jump.
  CHECK_FALSE(trend_of(std::vector<double>{100, 30, 200, 60, 150, 40}, 1.5)->jumped);
}

TEST_CASE("slots that the policy wants are counted back from the newest backup", "[backups]") {
  Policy policy;
  policy.daily = 7;
  policy.monthly = 3;
  std::vector<Backup> backups;
  for (const int days : {70, 35, 6, 5, 3, 2, 1, 0})
    backups.push_back(complete(std::to_string(days), Kind::dump, k_now - std::chrono::days{days}));
  const auto slots = slots_of(backups, policy);
  REQUIRE(slots.size() == 2);
  CHECK(slots[0].filled == 6);
  CHECK(slots[0].due == 7);
  CHECK(slots[1].slot == "monthly");
  CHECK(slots[1].filled == 3);
  // Who has just begun lacks nothing.
  CHECK(slots_of({backups.back()}, policy)[0].due == 1);
}

TEST_CASE("a program is run without a shell, to its deadline", "[backups]") {
  const auto soon = [] { return Deadline::clock::now() + 20s; };
  const auto told = run_command({"printf", "%s", "$HOME;*"}, soon(), 100, {});
  REQUIRE(told);
  CHECK(told->output == "$HOME;*");
  CHECK(run_command({"sh", "-c", "echo out; echo bad >&2; exit 3"}, soon(), 100, {})->exit_status == 3);
  CHECK(run_command({"sh", "-c", "echo bad >&2; exit 3"}, soon(), 100, {})->complaint == "bad\n");
  CHECK(run_command({"/nowhere/pgbackrest"}, soon(), 100, {}).error().kind == ErrorKind::unreachable);
  CHECK(run_command({"yes"}, soon(), 1000, {}).error().kind == ErrorKind::limit);
  const auto late = run_command({"sleep", "100"}, Deadline::clock::now() + 50ms, 100, {});
  CHECK(late.error().kind == ErrorKind::timed_out);
  std::stop_source stop;
  stop.request_stop();
  CHECK(run_command({"sleep", "100"}, soon(), 100, stop.get_token()).error().kind == ErrorKind::interrupted);
}

TEST_CASE("times are read with their zone", "[backups]") {
  CHECK(parse_time("2026-11-23T04:00:00Z") == k_now);
  CHECK(parse_time("2026-11-23 06:30:00.000000+02:30") == k_now);
  CHECK(parse_time("2026-11-23T04:00:00.250Z") == k_now + 250ms);
  for (const char* bad :
       {"", "2026-11-23", "2026-13-23T04:00:00Z", "2026-11-23T04:00:00", "2026-11-23T04:00:00 CET"})
    CHECK_FALSE(parse_time(bad));
  CHECK(time_text(k_now) == "2026-11-23T04:00:00Z");
}
