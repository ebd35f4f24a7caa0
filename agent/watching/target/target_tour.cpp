// The tour of a Target: the collectors of scope "database", in each watched database one after the other.

#include <algorithm>
#include <list>

#include "agent/log/log.h"
#include "agent/watching/target/target_ride.h"

namespace pgvigil::agent {
namespace {

/// The label that tells the databases of a table apart.
constexpr std::string_view k_database_label = "datname";
/// Visits are spread over this part of the interval of the collectors, so that a server never sees a burst of
/// sessions; but none waits longer than this for the next.
constexpr double k_part_of_interval = 0.5;
constexpr std::chrono::milliseconds k_longest_gap{200};
/// When more databases than this are new at once, all of them are measured anew instead.
constexpr std::size_t k_most_additions = 20;

/// Some of the names, for a log line.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t k_most = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), k_most); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > k_most) text += " and " + std::to_string(names.size() - k_most) + " more";
  return text;
}

}  // namespace

bool Target::is_on_tour(const collectors::Definition& definition) const {
  return definition.scope == collectors::Scope::database && !server_.databases.empty();
}

void Target::work_tour(const std::stop_token& stop, Worker& self) {
  while (!stop.stop_requested()) {
    if (!wait_for_tour(stop)) {
      close_sessions();
      continue;
    }
    follow_databases(self);
    Rides rides = begin_rides(take_tour());
    if (!rides.empty()) make_tour(stop, self, rides);
  }
  close_sessions();
}

/// Waits until the tour has something to do; false when the server is not there, or the program ends.
bool Target::wait_for_tour(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const bool was_connected = connected_;
  const auto next = schedule_.next_due(Schedule::Lane::tour);
  const auto step =
      std::min(connected_ && next ? *next : Clock::time_point::max(), Clock::now() + std::chrono::hours{1});
  changed_.wait_until(lock, stop, step, [&] {
    if (!connected_) return was_connected || !tour_sessions_.empty();
    const auto due = schedule_.next_due(Schedule::Lane::tour);
    return !was_connected || databases_changed() || (due && *due <= Clock::now());
  });
  return connected_ && !stop.stop_requested();
}

/// Every job of the tour that is due.
std::vector<std::size_t> Target::take_tour() {
  const std::lock_guard lock(mutex_);
  std::vector<std::size_t> due;
  while (const auto job = schedule_.take(Clock::now(), Schedule::Lane::tour))
    due.push_back(*job);
  return due;
}

Target::Rides Target::begin_rides(const std::vector<std::size_t>& jobs) {
  Rides rides;
  for (const std::size_t job : jobs) {
    if (auto plan = plan_of(job)) {
      rides.emplace_back(job, std::move(*plan), limits_[job]);
    } else {
      const std::lock_guard lock(mutex_);
      schedule_.done(job, Schedule::Result::good, Clock::now());
    }
  }
  return rides;
}

/// One visit in every database, and a table of each job at the end. Those in trouble come last, and only
/// while there is time: they hold nobody up.
void Target::make_tour(const std::stop_token& stop, Worker& self, Rides& rides) {
  const Ran ran{.start = Clock::now(), .taken_at = std::chrono::system_clock::now()};
  auto visits = itinerary_.visits(ran.start);
  const auto interval = interval_of(rides);
  const auto gap = gap_of(interval, visits.size());
  std::vector<std::string> dropped;
  for (std::size_t i = 0; i < visits.size(); ++i) {
    if (!pause(stop, ran.start + gap * static_cast<int>(i))) return give_back(rides);
    const auto change = follow_databases(self);
    visits.insert(visits.end(), change.added.begin(), change.added.end());
    dropped.insert(dropped.end(), change.dropped.begin(), change.dropped.end());
    if (!itinerary_.has(visits[i])) continue;
    if (!itinerary_.is_well(visits[i]) && Clock::now() > ran.start + interval) continue;
    if (const auto visited = visit(self, visits[i], rides); !visited)
      return end_tour(ran, rides, visited.error());
  }
  if (!pause(stop, Clock::now())) return give_back(rides);
  end_tour(ran, rides, std::nullopt);
  if (!dropped.empty()) amend(self, {{}, dropped});
}

/// Between the beginnings of two visits.
Target::Clock::duration Target::gap_of(Clock::duration interval, std::size_t visits) const {
  if (visits <= server_.max_database_connections) return Clock::duration::zero();
  const auto part = std::chrono::duration_cast<Clock::duration>(interval * k_part_of_interval);
  return std::min<Clock::duration>(k_longest_gap, part / static_cast<int>(visits));
}

/// The shortest interval of the jobs, as they are slowed down.
Target::Clock::duration Target::interval_of(const Rides& rides) {
  const std::lock_guard lock(mutex_);
  auto shortest = Clock::duration::max();
  for (const Ride& ride : rides) {
    const std::chrono::duration<double> interval = jobs_[ride.job]->every * governor_.slowdown(ride.job);
    shortest = std::min(shortest, std::chrono::duration_cast<Clock::duration>(interval));
  }
  return shortest;
}

/// Publishes what the tour brought. Where the server itself stopped it, with `trouble`, what is shown stays.
void Target::end_tour(const Ran& tour, Rides& rides, const std::optional<Error>& trouble) {
  const Error none_chosen{ErrorKind::configuration,
                          "no database of this server is chosen by the setting 'databases'",
                          "Correct the globs in [server] databases."};
  for (Ride& ride : rides) {
    std::expected<void, Error> outcome;
    if (trouble)
      outcome = std::unexpected(*trouble);
    else if (!ride.collected)
      outcome = std::unexpected(itinerary_.last_trouble(ride.job).value_or(none_chosen));
    Ran ran = tour;
    ran.database_seconds = ride.database_seconds;
    const auto result = settle(ride.job, ride.plan, ran, outcome, std::move(ride.collector));
    const std::lock_guard lock(mutex_);
    schedule_.done(ride.job, result, Clock::now());
  }
  show_databases(seconds_since(tour.start));
}

/// The server is gone: the tour begins anew when it is back.
void Target::give_back(const Rides& rides) {
  const std::lock_guard lock(mutex_);
  for (const Ride& ride : rides)
    schedule_.give_back(ride.job);
}

/// Waits; false when the server is not there, or the program ends. Databases that come or go end the wait.
bool Target::pause(const std::stop_token& stop, Clock::time_point until) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, stop, until, [&] { return !connected_ || databases_changed(); });
  return connected_ && !stop.stop_requested();
}

/// Takes up the databases that the last facts tell of: tables that are shown lose the rows of those that are
/// gone, and gain those of new ones.
Itinerary::Change Target::follow_databases(Worker& self) {
  std::vector<std::string> chosen;
  {
    const std::lock_guard lock(mutex_);
    if (!databases_changed()) return {};
    databases_seen_ = databases_told_;
    chosen = collectors::chosen_by(server_.databases, facts_->databases);
  }
  const auto change = itinerary_.set(std::move(chosen));
  if (!change.any()) return change;
  log(LogLevel::info, "databases",
      {{"watched", itinerary_.size()},
       {"added", some_of(change.added)},
       {"dropped", some_of(change.dropped)}});
  for (const std::string& database : change.dropped)
    close_session(database);
  if (itinerary_.size() > server_.max_database_connections) close_sessions();
  amend(self, change);
  show_databases(std::nullopt);
  return change;
}

/// Changes the tables that are shown now, instead of a whole tour before its time.
void Target::amend(Worker& self, const Itinerary::Change& change) {
  const bool is_small = change.added.size() <= k_most_additions;
  Rides rides;
  std::list<std::shared_ptr<const Published>> shown;  // by ride
  for (std::size_t job = 0; job < jobs_.size(); ++job) {
    auto plan = is_on_tour(*jobs_[job]) ? plan_of(job) : std::nullopt;
    auto published = plan ? snapshot_.find(jobs_[job]->name) : nullptr;
    if (!published) continue;
    Ride& ride = rides.emplace_back(job, std::move(*plan), limits_[job]);
    const auto stays = [&](std::string_view name) {
      return std::ranges::find(change.dropped, name) == change.dropped.end();
    };
    const bool kept = is_small && ride.collector.keep(published->table(), k_database_label, stays);
    if (kept) {
      shown.push_back(std::move(published));
      continue;
    }
    rides.pop_back();
    const std::lock_guard lock(mutex_);
    schedule_.hurry(job, Clock::now());
  }
  for (const std::string& database : change.added)
    if (!visit(self, database, rides)) break;  // the next tour will tell
  for (Ride& ride : rides) {
    publisher_.republish(*jobs_[ride.job],
                         std::move(ride.collector).finish(shown.front()->table().taken_at()),
                         shown.front()->expires(), ride.database_seconds);
    show_if_unsupported(ride.job);
    shown.pop_front();
  }
}

void Target::show_databases(std::optional<double> tour_seconds) {
  std::vector<DatabaseTrouble> troubled;
  for (const auto& [database, troubles] : itinerary_.troubles())
    for (const auto& [job, trouble] : troubles)
      troubled.push_back({database, job ? jobs_[*job]->name : "", trouble.error, trouble.since});
  board_.update_server([&](ServerStatus& server) {
    server.databases_watched = itinerary_.size();
    server.databases_in_trouble = std::move(troubled);
    if (tour_seconds) server.tour_seconds = *tour_seconds;
  });
}

}  // namespace pgvigil::agent
