// What a Target does in one database of its tour: the session, the collectors in it, and who is in trouble.

#include "agent/log/log.h"
#include "agent/watching/target/target_ride.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_trouble = "database_in_trouble";

}  // namespace

/// One session, and every job in it. An error when it is not the database but the server that is in trouble.
std::expected<void, Error> Target::visit(Worker& self, const std::string& database, Rides& rides) {
  auto longest = server_.connect_timeout * 3;
  for (const Ride& ride : rides)
    longest += jobs_[ride.job]->timeout;
  const Promise promise(self, longest);
  const auto start = Clock::now();
  std::vector<Ride*> due;
  for (Ride& ride : rides)
    if (itinerary_.may_run(database, ride.job, start)) due.push_back(&ride);
  if (due.empty()) return {};

  bool held = tour_sessions_.contains(database);
  auto session = session_in(database);
  if (!session) return note_trouble(database, session.error());
  if (!held)
    for (Ride* ride : due)
      ride->database_seconds += seconds_since(start) / static_cast<double>(due.size());
  for (std::size_t i = 0; i < due.size(); ++i) {
    const auto outcome = collect_on_tour(**session, *due[i]);
    if ((*session)->usable()) {
      note_visit(database, *due[i], outcome);
      continue;
    }
    close_session(database);
    if (!held) return note_trouble(database, outcome.error());
    // It was kept since the last tour, and may have ended in the meantime.
    held = false;
    session = session_in(database);
    if (!session) return note_trouble(database, session.error());
    --i;
  }
  if (itinerary_.size() > server_.max_database_connections) close_session(database);
  return {};
}

std::expected<void, Error> Target::collect_on_tour(postgres::Connection& session, Ride& ride) {
  const auto start = Clock::now();
  auto outcome = ride.collector.collect(session, {server_.lock_timeout}, start + jobs_[ride.job]->timeout);
  ride.database_seconds += seconds_since(start);
  if (outcome) ride.collected = true;
  if (outcome || server_answered(outcome.error().kind)) note_answer();
  note_role(session);
  return outcome;
}

/// What came of a job in a database whose session is well.
void Target::note_visit(const std::string& database,
                        const Ride& ride,
                        const std::expected<void, Error>& outcome) {
  if (itinerary_.succeeded(database)) log_recovery(k_trouble, database, {{"database", database}});
  const std::string& collector = jobs_[ride.job]->name;
  const LogFields fields = {{"database", database}, {"collector", collector}};
  const std::string key = collector + " in " + database;
  if (outcome) {
    if (itinerary_.succeeded(database, ride.job)) log_recovery(k_trouble, key, fields);
  } else if (outcome.error().kind != ErrorKind::interrupted) {
    if (itinerary_.failed(database, ride.job, outcome.error(), Clock::now()))
      log_on_change(LogLevel::warning, k_trouble, key, outcome.error(), fields);
  }
}

/// No session in the database can be had, or kept. An error when none can be had at all.
std::expected<void, Error> Target::note_trouble(const std::string& database, const Error& error) {
  if (error.kind == ErrorKind::interrupted) return {};
  if (itinerary_.is_well(database) && !is_connected_database(database)) {
    if (const auto elsewhere = connect(""); !elsewhere) {
      want_facts();
      return std::unexpected(elsewhere.error());
    }
  }
  if (itinerary_.failed(database, error, Clock::now()))
    log_on_change(LogLevel::warning, k_trouble, database, error, {{"database", database}});
  else
    want_facts();  // it may have been dropped
  return {};
}

bool Target::is_connected_database(const std::string& database) {
  const std::lock_guard lock(mutex_);
  return facts_ && facts_->database == database;
}

/// The session in the database, opened where none is kept.
std::expected<postgres::Connection*, Error> Target::session_in(const std::string& database) {
  if (const auto kept = tour_sessions_.find(database); kept != tour_sessions_.end()) return &kept->second;
  auto opened = connect(database);
  if (!opened) return std::unexpected(opened.error());
  board_.update_server([](ServerStatus& server) { ++server.connections; });
  return &tour_sessions_.emplace(database, std::move(*opened)).first->second;
}

void Target::close_session(const std::string& database) {
  if (tour_sessions_.erase(database) > 0)
    board_.update_server([](ServerStatus& server) { --server.connections; });
}

void Target::close_sessions() {
  while (!tour_sessions_.empty())
    close_session(std::string(tour_sessions_.begin()->first));
}

}  // namespace pgvigil::agent
