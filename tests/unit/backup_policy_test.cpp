#include <catch2/catch.hpp>

#include "collectors/backups/files/json_text.h"
#include "collectors/backups/judging/cadence.h"
#include "collectors/backups/judging/proposal.h"
#include "collectors/backups/judging/verdict.h"
#include "collectors/backups/surroundings/location.h"
#include "collectors/backups/tools/dump_manifest.h"

using namespace pgvigil;
using namespace pgvigil::backups;
using namespace std::chrono_literals;

namespace {

Timestamp at(std::string_view text) {
  const auto time = parse_time(text);
  REQUIRE(time);
  return *time;
}

Schedule schedule(std::string_view text) {
  const auto parsed = Schedule::parse(text);
  INFO(text);
  REQUIRE(parsed);
  return *parsed;
}

std::string last(std::string_view text, std::string_view time) {
  const auto found = schedule(text).last(at(time));
  return found ? time_text(*found) : "never";
}

std::string next(std::string_view text, std::string_view time) {
  const auto found = schedule(text).next(at(time));
  return found ? time_text(*found) : "never";
}

std::string complaint(std::string_view text) {
  const auto parsed = Schedule::parse(text);
  return parsed ? "" : parsed.error().message;
}

const Timestamp k_now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 4h};

Backup complete(const std::string& label, Timestamp stop, std::chrono::minutes took = 10min) {
  Backup backup;
  backup.label = label;
  backup.start = stop - took;
  backup.stop = stop;
  backup.sizes.database = 1000;
  return backup;
}

/// One a day at this time of the day, the newest `newest` days ago.
std::vector<Backup> daily(int count, int newest = 0) {
  std::vector<Backup> backups;
  for (int day = count - 1 + newest; day >= newest; --day)
    backups.push_back(complete(std::to_string(day), k_now - std::chrono::days{day}));
  return backups;
}

Verdict judged(std::vector<Backup> backups,
               const Source& source = {},
               const LiveServer* server = nullptr,
               Timestamp now = k_now) {
  Reading reading;
  reading.repositories.resize(1);
  reading.repositories[0].backups = std::move(backups);
  reading.repositories[0].archives_elsewhere = true;
  return judge({.source = source, .reading = reading, .server = server, .drills = {}}, now).at(0);
}

bool has(const Verdict& verdict, Reason reason) {
  return std::ranges::any_of(verdict.findings, [&](const Trouble& each) { return each.reason == reason; });
}

}  // namespace

TEST_CASE("a schedule is read as cron reads it", "[backups]") {
  // 2026-11-23 is a Monday.
  CHECK(last("0 2 * * *", "2026-11-23T04:00:00Z") == "2026-11-23T02:00:00Z");
  CHECK(last("0 2 * * *", "2026-11-23T02:00:00Z") == "2026-11-23T02:00:00Z");
  CHECK(last("0 2 * * *", "2026-11-23T01:59:59Z") == "2026-11-22T02:00:00Z");
  CHECK(next("0 2 * * *", "2026-11-23T02:00:00Z") == "2026-11-24T02:00:00Z");
  CHECK(last("*/15 * * * *", "2026-11-23T04:44:00Z") == "2026-11-23T04:30:00Z");
  CHECK(last("30 1 * * mon-fri", "2026-11-22T12:00:00Z") == "2026-11-20T01:30:00Z");
  CHECK(last("0 0 * * 7", "2026-11-23T12:00:00Z") == "2026-11-22T00:00:00Z");
  CHECK(last("0 3 1 * *", "2026-11-23T12:00:00Z") == "2026-11-01T03:00:00Z");
  CHECK(last("0 3 1,15 * MON", "2026-11-22T12:00:00Z") == "2026-11-16T03:00:00Z");  // either day will do
  CHECK(last("0 22-23/1 5/10 feb *", "2026-11-22T12:00:00Z") == "2026-02-25T23:00:00Z");
  CHECK(last("0 30 2 * * *", "2026-11-23T04:00:00Z") == "2026-11-23T02:30:00Z");  // seconds first
  CHECK(last("@weekly", "2026-11-23T04:00:00Z") == "2026-11-22T00:00:00Z");
  CHECK(last("0 0 29 2 *", "2026-11-23T04:00:00Z") == "2024-02-29T00:00:00Z");
  CHECK(last("0 0 30 2 *", "2026-11-23T04:00:00Z") == "never");
  CHECK(complaint("0 2 * *") == "'0 2 * *' is no schedule: it has 4 fields, and five are wanted");
  CHECK(complaint("60 2 * * *") == "'60 2 * * *' is no schedule: bad minute '60'");
  CHECK(complaint("0 5-2 * * *") == "'0 5-2 * * *' is no schedule: bad hour '5-2'");
  CHECK(complaint("0 2 * * moon") == "'0 2 * * moon' is no schedule: bad day of the week 'moon'");
  CHECK(complaint("0 */0 * * *") == "'0 */0 * * *' is no schedule: bad hour '*/0'");
  CHECK_FALSE(complaint("").empty());
}

TEST_CASE("a backup is late by its schedule and grace, not by an age", "[backups]") {
  Source source;
  source.policy.schedule = schedule("0 2 * * *");
  const std::vector<Backup> backups = {complete("a", at("2026-11-22T02:20:00Z"))};
  const auto late = [&](std::string_view now) {
    return has(judged(backups, source, nullptr, at(now)), Reason::overdue);
  };
  CHECK_FALSE(late("2026-11-23T01:59:00Z"));
  CHECK_FALSE(late("2026-11-23T03:29:00Z"));
  CHECK(late("2026-11-23T03:31:00Z"));
  const Verdict verdict = judged(backups, source, nullptr, at("2026-11-23T03:00:00Z"));
  CHECK(verdict.cadence->expected == at("2026-11-23T02:00:00Z"));
  CHECK(verdict.cadence->deadline == at("2026-11-23T03:30:00Z"));
  // Where there never was one, the last time of the schedule was missed.
  CHECK(has(judged({}, source, nullptr, at("2026-11-23T03:31:00Z")), Reason::overdue));
}

TEST_CASE("without a schedule the pauses between backups tell when the next is due", "[backups]") {
  CHECK_FALSE(judged(daily(5)).cadence);  // four pauses prove nothing
  const Verdict verdict = judged(daily(8));
  REQUIRE(verdict.cadence);
  CHECK(verdict.cadence->expected == k_now + 24h);
  CHECK(verdict.cadence->deadline == k_now + 36h);
  CHECK_FALSE(has(verdict, Reason::overdue));
  CHECK(has(judged(daily(8), {}, nullptr, k_now + 37h), Reason::overdue));
  // One by hand in between makes nothing late.
  auto backups = daily(8);
  backups.insert(backups.end() - 1, complete("by hand", k_now - 20h));
  CHECK_FALSE(has(judged(backups, {}, nullptr, k_now + 35h), Reason::overdue));
}

TEST_CASE("a schedule is proposed that the last backups look as if they had followed", "[backups]") {
  const auto proposal = [](std::string_view newest, std::chrono::minutes pause, int count,
                           std::chrono::minutes jitter = 0min) {
    std::vector<Backup> backups;
    for (int i = count - 1; i >= 0; --i)
      backups.push_back(complete("", at(newest) - i * pause + (i % 3) * jitter + 10min));
    return proposed_schedule(backups);
  };
  CHECK(proposal("2026-11-23T02:03:00Z", 24h, 8) == "0 2 * * *");
  CHECK(proposal("2026-11-23T02:30:01Z", 24h, 8, 7min) == "30 2 * * *");
  CHECK(proposal("2026-11-22T03:15:00Z", 24h * 7, 6) == "15 3 * * 0");
  CHECK(proposal("2026-11-23T20:00:09Z", 6h, 11) == "0 2-23/6 * * *");
  CHECK(proposal("2026-11-23T20:00:09Z", 12h, 11) == "0 8-23/12 * * *");
  CHECK(proposal("2026-11-23T20:40:00Z", 1h, 9) == "40 * * * *");
  CHECK(proposal("2026-11-23T02:03:00Z", 24h, 5).empty());
  CHECK(proposal("2026-11-23T02:03:00Z", 37h, 8).empty());
  CHECK(proposal("2026-11-23T02:03:00Z", 24h, 9, 100min).empty());
  CHECK(judged(daily(8)).cadence->proposal == "50 3 * * *");
  Source source;
  source.policy.schedule = schedule("0 2 * * *");
  CHECK(judged(daily(8), source).cadence->proposal.empty());
  // One by hand in between changes nothing.
  auto backups = daily(9);
  backups.insert(backups.end() - 1, complete("by hand", k_now - 13h));
  CHECK(proposed_schedule(backups) == "50 3 * * *");
}

TEST_CASE("growth is the median slope, which single values do not move", "[backups]") {
  std::vector<Point> points;
  for (int day = 0; day < 20; ++day)
    points.push_back({86400.0 * day, 100.0 + 2 * day});
  points[7].value = 5000;
  points[15].value = 0;
  CHECK(*slope_of(points) * 86400 == Approx(2).epsilon(0.05));
  CHECK_FALSE(slope_of(std::span(points).first(5)));
  std::vector<Point> of_one_day;
  for (int i = 0; i < 20; ++i)
    of_one_day.push_back({60.0 * i, 1.0 * i});
  CHECK_FALSE(slope_of(of_one_day));
}

TEST_CASE("backups that take longer each day are told before they overlap", "[backups]") {
  const auto backups = [](std::chrono::minutes more) {
    std::vector<Backup> all;
    for (int day = 0; day < 10; ++day)
      all.push_back(complete(std::to_string(day), k_now - std::chrono::days{9 - day}, 300min + day * more));
    return all;
  };
  CHECK_FALSE(has(judged(backups(5min)), Reason::duration_grows));  // 8 h in thirty days
  const Verdict verdict = judged(backups(40min));                   // 31 h
  CHECK(has(verdict, Reason::duration_grows));
  CHECK(*verdict.duration_growth * 86400 == Approx(40 * 60));
  CHECK(*verdict.size_growth == 0);
  Source source;
  source.policy.outlook = 24h * 3;  // 13 h
  CHECK_FALSE(has(judged(backups(40min), source), Reason::duration_grows));
}

TEST_CASE("a change of the keys that open the backups is told", "[backups]") {
  auto backups = daily(3);
  backups[0].recipients = backups[1].recipients = {"age1abc"};
  backups[2].recipients = {"age1abc", "age1xyz"};
  CHECK(has(judged(backups), Reason::recipients_changed));
  backups[2].recipients = {"age1abc"};
  CHECK_FALSE(has(judged(backups), Reason::recipients_changed));
  backups[2].key_expires = k_now + 240h;
  CHECK(has(judged(backups), Reason::key_expires));
  const auto manifest = parse_dump_manifest(
      R"({"format":"pgvigil-dump/1","started_at":"2026-11-23T02:00:00Z","finished_at":"2026-11-23T02:10:00Z","files":[],
          "key_expires_at":"2027-01-01T00:00:00Z","recipients":["b","a"],"databases_expected":[]})");
  REQUIRE(manifest);
  CHECK(manifest->key_expires == at("2027-01-01T00:00:00Z"));
  CHECK(manifest->recipients == std::vector<std::string>{"a", "b"});
}

TEST_CASE("summaries of WAL must reach back to the backup that an incremental one builds upon", "[backups]") {
  Source source;
  source.tool = Tool::base_backups;
  source.policy.max_age = 1000h;
  auto backup = complete("base", k_now - 24h);
  backup.kind = Kind::base;
  backup.lsn_start = "0/5000028";
  LiveServer server;
  CHECK_FALSE(has(judged({backup}, source, &server), Reason::summaries_gone));
  server.summaries = LiveServer::Summaries{.kept = 240h, .oldest = 0x4000000};
  CHECK_FALSE(has(judged({backup}, source, &server), Reason::summaries_gone));
  CHECK(has(judged({backup}, source, &server, k_now + 150h), Reason::summaries_gone));
  server.summaries->oldest = 0x6000000;
  CHECK(has(judged({backup}, source, &server), Reason::summaries_gone));
}
