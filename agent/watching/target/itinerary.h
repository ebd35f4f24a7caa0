#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "collectors/model/error.h"
#include "collectors/model/units.h"

namespace pgvigil::agent {

/// Which databases a tour visits and how each of them fares. Pure: the clock is an argument. Not thread-safe.
///
/// What fails is a database as a whole (no session), or one job in it. Either is tried again after 15 s, and
/// after twice as long with each further failure, up to five minutes; until then it is passed over.
class Itinerary {
 public:
  using Clock = std::chrono::steady_clock;

  struct Change {
    std::vector<std::string> added;
    std::vector<std::string> dropped;
    bool any() const { return !added.empty() || !dropped.empty(); }
  };

  struct Trouble {
    Error error;
    Timestamp since;
    Clock::time_point retry;
    int failures = 0;  ///< in a row
    bool told = false;
  };

  /// The databases from now on. What is known of those that are gone is forgotten.
  Change set(std::vector<std::string> databases);
  std::size_t size() const { return databases_.size(); }
  bool has(const std::string& database) const { return databases_.contains(database); }

  /// The order of a tour: first those that had no trouble as a whole, by name; then those whose next attempt
  /// is due, the longest waiting first.
  std::vector<std::string> visits(Clock::time_point now) const;
  /// Whether the database could be visited when it was last.
  bool is_well(const std::string& database) const;
  /// Whether `job` is to run in it at `now`.
  bool may_run(const std::string& database, std::size_t job, Clock::time_point now) const;

  /// No session could be had. True when it is to be told: a database that does not exist, or lets nobody in,
  /// may be one that was just dropped, and gets a second chance first.
  bool failed(const std::string& database, const Error& error, Clock::time_point now);
  /// A session was had. True when it was told that there was none.
  bool succeeded(const std::string& database);
  /// The same for one job.
  bool failed(const std::string& database, std::size_t job, const Error& error, Clock::time_point now);
  bool succeeded(const std::string& database, std::size_t job);

  /// What was told and is not over, by database: of the whole (no number) or of a job.
  using Troubles = std::map<std::optional<std::size_t>, Trouble>;
  std::map<std::string, Troubles> troubles() const;
  /// The last that went wrong for `job` anywhere.
  std::optional<Error> last_trouble(std::size_t job) const;

 private:
  bool note(const std::string& database,
            std::optional<std::size_t> job,
            const Error& error,
            Clock::time_point now);
  bool forget(const std::string& database, std::optional<std::size_t> job);
  std::map<std::string, Troubles> databases_;  // all of them
};

}  // namespace pgvigil::agent
