#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/backups/judging/cadence.h"
#include "collectors/backups/judging/history.h"
#include "collectors/backups/model/backup.h"
#include "collectors/backups/model/settings.h"
#include "collectors/backups/surroundings/drills.h"
#include "collectors/backups/surroundings/live_server.h"

namespace pgvigil::backups {

/// Whether the newest state that the repository promises can be restored. `unknown`: nobody could look, or what
/// was seen proves nothing; it is never taken for a yes.
enum class Answer : std::uint8_t { recoverable, not_recoverable, unknown };

/// "recoverable", "not_recoverable", "unknown"
std::string_view to_string(Answer answer);

/// What of the repositories of one source one is judged by.
struct Evidence {
  const Source& source;
  const Reading& reading;
  const LiveServer* server = nullptr;          ///< nothing: it was not asked, or does not answer
  const std::vector<Drill>& drills;
  std::optional<Timestamp> running_since = {};  ///< of the backup that is under way, as far as we have seen
};

/// The judgement about one repository of one source. Of its reasons the first is the one that decides.
struct Verdict {
  std::string repository;
  Answer answer = Answer::unknown;
  Trouble because;                ///< why not, or why it cannot be told; none while it is recoverable
  std::vector<Trouble> findings;  ///< what is not as it should be beside that
  std::optional<Timestamp> until;  ///< a restore leads at least to this moment
  std::optional<Timestamp> since;  ///< and to any one from here on, where WAL is kept
  std::string basis;               ///< label of the backup that would be restored
  std::map<std::string_view, Timestamp> newest;  ///< stop of the newest complete one, by "full", "diff", "incr", "any"
  std::map<State, std::size_t> count;
  std::uint64_t wal_missing = 0;  ///< segments
  std::optional<double> running_seconds;
  std::vector<Slots> slots;
  std::optional<Trend> size;
  std::optional<Trend> duration;
  std::optional<double> size_growth;      ///< bytes a second
  std::optional<double> duration_growth;  ///< seconds a second
  std::optional<Cadence> cadence;
  std::optional<bool> encrypted;
  std::optional<Timestamp> key_expires;
  std::optional<Timestamp> restored;  ///< the end of the newest drill that passed
  std::optional<double> restore_seconds;
  std::optional<bool> drill_passed;  ///< the newest one
  std::vector<std::string> databases_missing;
};

/// One verdict a repository; a source that could not be read has one without a repository. Pure.
std::vector<Verdict> judge(const Evidence& evidence, Timestamp now);

/// "recoverable until 2026-11-27T13:00:00Z", "not recoverable: segment …", "cannot tell: …".
std::string sentence(const Verdict& verdict);

}  // namespace pgvigil::backups
