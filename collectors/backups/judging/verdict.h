#pragma once

#include <map>
#include <optional>
#include <span>
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

/// Whether the newest state that the repository promises can be restored. `unknown`: nobody could look, or
/// what was seen proves nothing; it is never taken for a yes.
enum class Answer : std::uint8_t { recoverable, not_recoverable, unknown };

/// "unknown", "same_volume", "same_host", "other_host", "object_store"
std::string_view to_string(Place place);
/// "recoverable", "not_recoverable", "unknown"
std::string_view to_string(Answer answer);

/// What of the repositories of one source one is judged by.
struct Evidence {
  const Source& source;
  const Reading& reading;
  const LiveServer* server = nullptr;  ///< nothing: it was not asked, or does not answer
  const std::vector<Drill>& drills;
  std::optional<Timestamp> running_since = {};  ///< of the backup that is under way, as far as we have seen
  std::span<const Progress> progress = {};      ///< of that backup, as it was seen
  std::optional<Timestamp> attempt_seen =
      {};  ///< when the last run began that was seen, whatever became of it
};

/// What a backup took.
struct Measure {
  Sizes sizes;
  std::optional<double> seconds;
};

/// The judgement about one repository of one source. Of its reasons the first is the one that decides.
struct Verdict {
  std::string repository;
  Answer answer = Answer::unknown;
  Trouble because;                 ///< why not, or why it cannot be told; none while it is recoverable
  std::vector<Trouble> findings;   ///< what is not as it should be beside that
  std::optional<Timestamp> until;  ///< a restore leads at least to this moment
  std::optional<Timestamp> since;  ///< and to any one from here on, where WAL is kept
  std::string basis;               ///< label of the backup that would be restored
  std::map<std::string_view, Timestamp>
      newest;  ///< stop of the newest complete one, by "full", "diff", "incr", "any"
  std::map<State, std::size_t> count;
  std::map<Kind, Measure> measures;       ///< of the newest complete one
  std::optional<Timestamp> last_attempt;  ///< when the last one began, successful or not
  std::uint64_t wal_missing = 0;          ///< segments
  std::size_t runs = 0;                   ///< that are under way
  std::optional<double> running_seconds;
  std::optional<double> progress;         ///< of the one that is under way: 0 to 1
  std::optional<Timestamp> expected_end;  ///< of it, going by its progress
  std::vector<Slots> slots;
  std::optional<Trend> size;
  std::optional<Trend> duration;
  std::optional<double> size_to_database;  ///< the newest, in relation to the databases in it
  double least_size_to_database = 0;       ///< below which it is suspicious
  std::optional<double> size_growth;       ///< bytes a second
  std::optional<double> duration_growth;   ///< seconds a second
  std::optional<Cadence> cadence;
  std::optional<double> window_seconds;     ///< in which any moment can be restored
  std::optional<Timestamp> oldest;          ///< the end of the oldest sound one
  std::optional<std::size_t> after_expiry;  ///< sound ones that stay when the tool removes old ones
  std::optional<bool> off_host;
  std::optional<bool> immutable;
  Place place = Place::unknown;
  std::optional<bool> encrypted;
  std::optional<Timestamp> key_expires;
  std::optional<Timestamp> restored;           ///< the end of the newest drill that passed
  std::map<Kind, Timestamp> restored_by_kind;  ///< the same by what was restored, where that is known
  std::map<Kind, Timestamp> verified_by_kind;  ///< when the sums of a backup were found right last
  std::optional<double> restore_seconds;
  std::optional<bool> drill_passed;  ///< the newest one
  std::vector<std::string> databases_missing;
  std::optional<std::vector<std::string>>
      tablespaces_missing;  ///< nothing: nobody tells what is in the backup
};

/// One verdict a repository; a source that could not be read has one without a repository. Pure.
std::vector<Verdict> judge(const Evidence& evidence, Timestamp now);

/// "recoverable until 2026-11-27T13:00:00Z", "not recoverable: segment …", "cannot tell: …".
std::string sentence(const Verdict& verdict);

}  // namespace pgvigil::backups
