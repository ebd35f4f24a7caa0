#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "collectors/model/error.h"
#include "collectors/model/table.h"
#include "collectors/postgres/server_facts.h"

namespace pgvigil::agent {

enum class CollectorState : std::uint8_t { waiting, good, failed, unsupported };

/// "waiting", "good", "failed", "unsupported".
std::string_view to_string(CollectorState state);

/// How one collector fares. Counts are since the start of the process.
struct CollectorStatus {
  std::string name;
  std::string help;
  std::chrono::milliseconds every{0};
  double slowdown = 1;  ///< the interval is this many times `every`, for the sake of the server
  double asked = 0;     ///< where slowed down: what it would take of one core at `every`
  CollectorState state = CollectorState::waiting;
  std::string message;  ///< why it failed or is unsupported; empty while it is good
  std::string mend;     ///< SQL or a sentence that says what to do; may be empty
  std::uint64_t runs = 0;
  std::map<ErrorKind, std::uint64_t> failures;
  double last_seconds = 0;           ///< of the last run: query, conversion, rendering
  double database_seconds = 0;       ///< all runs: from the sending of the query to its last row
  std::size_t rows = 0;              ///< of the last table
  std::size_t series = 0;            ///< of the last table
  std::uint64_t bytes = 0;           ///< what the last table occupies in memory
  LeftOut left_out;                  ///< of the last table
  std::uint64_t series_dropped = 0;  ///< all runs: duplicates and beyond a limit
  std::optional<Timestamp> last_success;
};

/// The little of it that is asked for all the time.
struct CollectorGlance {
  CollectorState state = CollectorState::waiting;
  std::chrono::milliseconds every{0};
  double slowdown = 1;
  bool ever_published = false;
};

/// A database that cannot be measured, or a collector that cannot measure it.
struct DatabaseTrouble {
  std::string database;
  std::string collector;  ///< empty: the database as a whole
  Error error;
  Timestamp since;
};

/// How the looks for advice fare. Counts are since the start of the process.
struct AdviceStatus {
  std::uint64_t runs = 0;
  std::uint64_t failures = 0;
  double last_seconds = 0;  ///< of the last look, whether it succeeded or not
  std::optional<Timestamp> last_success;
  std::string trouble;                          ///< why the last look failed; empty: it did not
  std::map<std::string, std::size_t> findings;  ///< by kind: what stands and nobody has dismissed
  std::map<std::string, std::string> blind;     ///< kinds that could not look, and why
};

/// How the server fares, as seen from here.
struct ServerStatus {
  ServerKind kind = ServerKind::postgres;
  std::optional<Error> trouble;  ///< why there is no answer now; nothing while it answers
  bool ever_asked = false;
  std::chrono::steady_clock::time_point last_answer;  ///< of any kind; epoch before the first
  std::optional<Timestamp> trouble_since;
  std::shared_ptr<const postgres::ServerFacts> facts;  ///< the last that were read
  std::size_t connections = 0;                         ///< held now
  std::uint64_t connections_opened = 0;
  std::map<ErrorKind, std::uint64_t> connect_failures;
  double connect_seconds = 0;                 ///< of the last connect that succeeded
  std::optional<Timestamp> certificates_end;  ///< that the server showed there; nothing without TLS
  double database_share = 0;  ///< what all collectors took of one core of the server over ten minutes
  double database_share_limit = 0;
  std::optional<std::size_t> databases_watched;  ///< where more than the connected one are
  std::vector<DatabaseTrouble> databases_in_trouble;
  double tour_seconds = 0;              ///< that the last tour through them took, pauses included
  std::optional<AdviceStatus> advice;   ///< nothing before the first look
  std::optional<Error> canary_trouble;  ///< why a new session could not be opened, though held ones may work
};

/// Something about the server that became another one while it was watched.
struct ChangeNote {
  std::string what;  ///< "the role has changed"
  std::string name;  ///< of what, and from what to what; no literal of anybody's
  Timestamp at;
};

/// Where the collecting threads write how they fare, and everybody else reads it. Any thread may use it.
class StatusBoard {
 public:
  /// The collectors of a new configuration; those that were there already keep their counts.
  void set_collectors(const std::vector<CollectorStatus>& collectors);
  void update(const std::string& collector, const std::function<void(CollectorStatus&)>& change);
  void update_server(const std::function<void(ServerStatus&)>& change);

  /// The newest hundred are kept.
  void note_change(ChangeNote note);
  /// Those after `since`, the newest first.
  std::vector<ChangeNote> changes(Timestamp since) const;

  std::vector<CollectorStatus> collectors() const;
  /// Nothing when there is none of this name.
  std::optional<CollectorGlance> collector(std::string_view name) const;
  /// Whether the server gives no answer now.
  bool in_trouble() const;
  ServerStatus server() const;
  /// Whether the server has answered, or it is known why not.
  bool first_answer_known() const;
  /// Every collector has had its first outcome.
  bool first_round_done() const;
  /// The same, or it is known why the server lets none have one.
  bool first_outcome_known() const;

 private:
  mutable std::mutex mutex_;
  std::vector<CollectorStatus> collectors_;  // by name
  ServerStatus server_;
  std::deque<ChangeNote> changes_;  // in their order
};

/// pg_up: whether the server answered within `interval` before `now`, and nothing since says that it does
/// not.
bool is_up(const ServerStatus& server,
           std::chrono::steady_clock::time_point now,
           std::chrono::milliseconds interval);

}  // namespace pgvigil::agent
