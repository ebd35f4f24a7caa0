#pragma once

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "collectors/backups/judging/verdict.h"

/// What tests of the judgement about backups begin with: some backups, and a verdict about them.
namespace pgvigil::backups {

inline const Timestamp k_test_now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                                  std::chrono::hours{4}};

inline Backup complete_backup(const std::string& label,
                              Timestamp stop,
                              std::chrono::minutes took = std::chrono::minutes{10}) {
  Backup backup;
  backup.label = label;
  backup.start = stop - took;
  backup.stop = stop;
  return backup;
}

/// One a day, the oldest first, the newest at k_test_now.
inline std::vector<Backup> daily_backups(int count) {
  std::vector<Backup> backups;
  for (int day = count - 1; day >= 0; --day)
    backups.push_back(complete_backup(std::to_string(day), k_test_now - std::chrono::days{day}));
  return backups;
}

/// What a verdict is made of, to be changed before it is asked for.
struct TestCase {
  Source source;
  Reading reading;
  LiveServer server;
  std::optional<Timestamp> running_since;
  std::vector<Progress> progress;
  std::optional<Timestamp> attempt_seen;
  Timestamp now = k_test_now;

  explicit TestCase(std::vector<Backup> backups) {
    reading.repositories.resize(1);
    repository().backups = std::move(backups);
    repository().archives_elsewhere = true;
    // Made in 2020.
    server.system_identifier = std::uint64_t{1'577'836'800} << 32;
  }

  Repository& repository() { return reading.repositories[0]; }
  std::vector<Backup>& backups() { return repository().backups; }
  Verdict verdict() const {
    return judge({.source = source,
                  .reading = reading,
                  .server = &server,
                  .drills = {},
                  .running_since = running_since,
                  .progress = progress,
                  .attempt_seen = attempt_seen},
                 now)
        .at(0);
  }
  bool finds(Reason reason) const {
    const Verdict told = verdict();
    return std::ranges::any_of(told.findings, [&](const Trouble& each) { return each.reason == reason; });
  }
  bool decides(Reason reason) const { return verdict().because.reason == reason; }
};

}  // namespace pgvigil::backups
