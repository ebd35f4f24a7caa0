#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "agent/config/config.h"
#include "agent/watching/exposition/snapshot.h"
#include "agent/watching/status.h"
#include "agent/watching/target/backoff.h"
#include "agent/watching/target/governor.h"
#include "agent/watching/target/itinerary.h"
#include "agent/watching/target/publisher.h"
#include "agent/watching/target/schedule.h"
#include "agent/watching/target/watcher.h"
#include "collectors/model/outcome.h"
#include "collectors/plan.h"
#include "collectors/postgres/connection.h"
#include "collectors/sql_collector.h"
#include "collectors/stages/stages.h"

namespace pgvigil::agent {

/// One Postgres server, or a pooler, under watch: its connections, the plan of each collector on it, and the
/// threads that collect.
///
/// The first worker keeps the session that everything rests on: it connects, reads what the server is, opens
/// a session for a moment now and then (the canary: can others still get in, is the server shutting down?),
/// and collects. Each further worker joins in only while all before it are busy, and lets its session go when
/// it is idle. Where several databases are watched, a thread of its own tours them.
class Target final : public Watcher {
 public:
  /// Watches `server` as `config` says. `server`, and `snapshot` and `board`, which hold what is known of
  /// that server alone, must outlive it.
  Target(std::shared_ptr<const Config> config,
         const ServerConfig& server,
         Snapshot& snapshot,
         StatusBoard& board);
  /// Stops.
  ~Target() override;
  void start() override;
  /// Ends every session and thread within a moment, whatever the server does.
  void stop() override;
  /// Whether every thread keeps its promise to be back by a certain time; waiting for work breaks none. Says
  /// nothing about the server: each wait for it has a deadline.
  bool alive() const override;
  bool lend(const Visit& visit, Deadline deadline, const std::stop_token& stop) override;

 private:
  using Clock = std::chrono::steady_clock;
  using Planned = std::variant<collectors::Plan, Unsupported>;

  struct Worker {
    std::size_t number = 0;
    std::optional<postgres::Connection> connection;
    bool busy = false;
    std::atomic<Clock::time_point> back_by{Clock::time_point::max()};
    std::jthread thread;
  };

  /// Who waits for the first worker's session.
  struct Guest {
    const Visit& visit;
    bool has_begun = false;
    bool is_over = false;
  };

  struct Ride;
  using Rides = std::list<Ride>;

  /// While it lives, the worker is to be back within `longest`, and a grace for the work around it.
  class Promise {
   public:
    Promise(Worker& worker, Clock::duration longest);
    ~Promise();
    Promise(const Promise&) = delete;
    Promise& operator=(const Promise&) = delete;

   private:
    Worker& worker_;
    Clock::time_point before_;
  };

  void work_first(const std::stop_token& stop, Worker& self);
  void work_further(const std::stop_token& stop, Worker& self);

  bool connect_first(const std::stop_token& stop, Worker& self);
  std::expected<postgres::Connection, Error> connect(const std::string& database);
  void let_go(Worker& self);
  bool refresh_facts(Worker& self);
  void note_changes(const postgres::ServerFacts& before, const postgres::ServerFacts& now);
  void want_facts();
  bool facts_are_wanted();
  void note_role(const postgres::Connection& session);
  void plan_canary();
  void fly_canary(Worker& self);
  bool receive_guest(Worker& self);
  void make_plans(const postgres::ServerFacts& facts);
  void show_if_unsupported(std::size_t job);

  std::optional<std::size_t> wait_for_job(const std::stop_token& stop, Worker& self, Clock::time_point until);
  void run(Worker& self, std::size_t job);
  std::expected<void, Error> collect(Worker& self,
                                     const collectors::Definition& definition,
                                     collectors::SqlCollector& collector);
  std::optional<collectors::Plan> plan_of(std::size_t job);
  Schedule::Result settle(std::size_t job,
                          const collectors::Plan& plan,
                          const Ran& ran,
                          const std::expected<void, Error>& outcome,
                          collectors::SqlCollector collector);
  double pay(std::size_t job, double database_seconds);
  void note_share(double used);

  // target_tour.cpp, on the thread of the tour.
  bool is_on_tour(const collectors::Definition& definition) const;
  void work_tour(const std::stop_token& stop, Worker& self);
  bool wait_for_tour(const std::stop_token& stop);
  std::vector<std::size_t> take_tour();
  Rides begin_rides(const std::vector<std::size_t>& jobs);
  void make_tour(const std::stop_token& stop, Worker& self, Rides& rides);
  Clock::duration interval_of(const Rides& rides);
  Clock::duration gap_of(Clock::duration interval, std::size_t visits) const;
  void end_tour(const Ran& tour, Rides& rides, const std::optional<Error>& trouble);
  void give_back(const Rides& rides);
  std::expected<void, Error> visit(Worker& self, const std::string& database, Rides& rides);
  std::expected<void, Error> collect_on_tour(postgres::Connection& session, Ride& ride);
  void note_visit(const std::string& database, const Ride& ride, const std::expected<void, Error>& outcome);
  std::expected<void, Error> note_trouble(const std::string& database, const Error& error);
  bool is_connected_database(const std::string& database);
  std::expected<postgres::Connection*, Error> session_in(const std::string& database);
  void close_session(const std::string& database);
  void close_sessions();
  bool pause(const std::stop_token& stop, Clock::time_point until);
  bool databases_changed() const { return databases_told_ != databases_seen_; }
  Itinerary::Change follow_databases(Worker& self);
  void amend(Worker& self, const Itinerary::Change& change);
  void show_databases(std::optional<double> tour_seconds);

  std::expected<void, Error> noted(std::expected<void, Error> outcome);
  void note_answer();
  void note_silence(const Error& error);
  void sleep(const std::stop_token& stop, Clock::duration pause);
  void wake();

  std::shared_ptr<const Config> config_;
  const ServerConfig& server_;
  std::vector<const collectors::Definition*> jobs_;  // the enabled ones; a job's number is its place here
  std::vector<collectors::CollectLimits> limits_;    // by job
  std::vector<collectors::Stages> stages_;           // by job; touched by whoever runs the job
  Snapshot& snapshot_;
  StatusBoard& board_;
  Publisher publisher_;
  postgres::Interrupt interrupt_;
  Backoff backoff_;
  Clock::time_point facts_due_{};
  Clock::time_point canary_due_{};
  Itinerary itinerary_;                                        // of the tour, as what follows
  std::map<std::string, postgres::Connection> tour_sessions_;  // by database

  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::uint64_t changes_ = 0;
  bool connected_ = false;
  Schedule schedule_;
  Governor governor_;
  std::vector<Planned> plans_;  // by job; empty before the first facts
  std::shared_ptr<const postgres::ServerFacts> facts_;
  bool facts_wanted_ = false;         // before they are due
  Guest* guest_ = nullptr;            // who waits; the one who lends owns it
  std::uint64_t databases_told_ = 0;  // how often the facts told of other databases than before
  std::uint64_t databases_seen_ = 0;  // the tour knows them
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Worker> tour_;  // nothing where there is none
};

}  // namespace pgvigil::agent
