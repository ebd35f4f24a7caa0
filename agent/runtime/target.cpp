#include "agent/runtime/target.h"

#include <algorithm>
#include <random>

#include "agent/config/limits.h"
#include "agent/runtime/log.h"

namespace pgvigil::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A further worker lets its session go when there was nothing for it to do for this long.
constexpr std::chrono::seconds k_idle_session{30};
/// What a worker may take beyond its deadlines, on a machine without a moment to spare.
constexpr std::chrono::minutes k_grace{1};
constexpr steady_clock::time_point k_far = steady_clock::time_point::max();

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

}  // namespace

Target::Target(std::shared_ptr<const Config> config, const ServerConfig& server, Snapshot& snapshot, StatusBoard& board)
    : config_(std::move(config)),
      server_(server),
      snapshot_(snapshot),
      board_(board),
      backoff_(server_.backoff_limit) {
  std::vector<CollectorStatus> statuses;
  for (const collectors::Definition& definition : config_->definitions) {
    if (!definition.enabled) {
      snapshot_.withdraw(definition.name);
      continue;
    }
    jobs_.push_back(&definition);
    limits_.push_back(limits_of(*config_, definition.name));
    schedule_.add(definition.every, Clock::now());
    statuses.push_back({.name = definition.name, .help = definition.help, .every = definition.every});
  }
  board_.set_collectors(statuses);
}

Target::~Target() {
  stop();
}

void Target::start() {
  for (std::size_t number = 0; number < server_.max_connections; ++number) {
    workers_.push_back(std::make_unique<Worker>());
    workers_.back()->number = number;
  }
  for (const auto& worker : workers_)
    worker->thread = std::jthread([this, self = worker.get()](const std::stop_token& stop) {
      self->number == 0 ? work_first(stop, *self) : work_further(stop, *self);
      let_go(*self);
    });
}

void Target::stop() {
  interrupt_.raise();
  for (const auto& worker : workers_)
    worker->thread.request_stop();
  for (const auto& worker : workers_)
    if (worker->thread.joinable()) worker->thread.join();
}

bool Target::alive() const {
  return std::ranges::all_of(workers_, [now = Clock::now()](const auto& worker) { return now < worker->back_by.load(); });
}

Target::Promise::Promise(Worker& worker, Clock::duration longest)
    : worker_(worker), before_(worker.back_by.exchange(Clock::now() + longest + k_grace)) {}

Target::Promise::~Promise() { worker_.back_by = before_; }

void Target::work_first(const std::stop_token& stop, Worker& self) {
  while (!stop.stop_requested()) {
    if (!self.connection) {
      if (!connect_first(stop, self)) continue;
    }
    const auto now = Clock::now();
    if (now >= facts_due_ && !refresh_facts(self)) continue;
    if (now >= canary_due_) {
      fly_canary(self);
      continue;
    }
    if (const auto job = wait_for_job(stop, self, std::min(facts_due_, canary_due_))) run(self, *job);
  }
}

void Target::work_further(const std::stop_token& stop, Worker& self) {
  while (!stop.stop_requested()) {
    const auto job = wait_for_job(stop, self, self.connection ? Clock::now() + k_idle_session : k_far);
    if (!job) {
      let_go(self);
      continue;
    }
    if (!self.connection) {
      const Promise promise(self, server_.connect_timeout);
      auto connection = connect("");
      if (!connection) {
        {
          const std::lock_guard lock(mutex_);
          schedule_.give_back(*job);
          self.busy = false;
        }
        sleep(stop, k_idle_session);  // the first worker goes on by itself
        continue;
      }
      self.connection = std::move(*connection);
      board_.update_server([](ServerStatus& server) { ++server.connections; });
    }
    run(self, *job);
  }
}

std::optional<std::size_t> Target::wait_for_job(const std::stop_token& stop,
                                                Worker& self,
                                                Clock::time_point until) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested() && Clock::now() < until) {
    const bool all_before_are_busy = std::ranges::all_of(
        workers_, [&](const auto& other) { return other->number >= self.number || other->busy; });
    const bool may_work = connected_ && all_before_are_busy;
    if (!connected_ && self.connection) return std::nullopt;  // the first worker let go of the server
    if (may_work) {
      if (const auto job = schedule_.take(Clock::now())) {
        self.busy = true;
        wake();
        return job;
      }
    }
    const auto wake_up = may_work ? std::min(until, schedule_.next_due().value_or(k_far)) : until;
    // Far ahead is not "never" to every clock: wait in steps of an hour at most.
    const auto step = std::min(wake_up, Clock::now() + std::chrono::hours{1});
    changed_.wait_until(lock, stop, step, [&, seen = changes_] { return changes_ != seen; });
  }
  return std::nullopt;
}

void Target::run(Worker& self, std::size_t job) {
  const collectors::Definition& definition = *jobs_[job];
  Planned planned;
  {
    const std::lock_guard lock(mutex_);
    planned = plans_[job];
  }
  auto result = Schedule::Result::good;
  if (const auto* plan = std::get_if<collectors::Plan>(&planned)) {
    const auto start = Clock::now();
    collectors::SqlCollector collector(*plan, limits_[job]);
    const auto outcome = collect(self, definition, collector);
    const double database_seconds = seconds_since(start);
    if (outcome) {
      publish(definition, std::move(collector).finish(std::chrono::system_clock::now()), start,
              database_seconds);
    } else {
      result = Schedule::Result::failed;
      note_failure(definition, outcome.error(), seconds_since(start), database_seconds);
    }
  }
  if (self.connection && !self.connection->usable()) let_go(self);
  const std::lock_guard lock(mutex_);
  schedule_.done(job, result, Clock::now());
  self.busy = false;
  wake();
}

/// The query in every database that it is for. One database in trouble is told, and does not hold up the
/// others.
std::expected<void, Error> Target::collect(Worker& self,
                                           const collectors::Definition& definition,
                                           collectors::SqlCollector& collector) {
  const Promise promise(self, definition.timeout);
  const postgres::Manners manners{server_.lock_timeout};
  if (definition.scope == collectors::Scope::server || server_.databases.empty())
    return noted(collector.collect(*self.connection, manners, Clock::now() + definition.timeout));

  std::expected<void, Error> outcome = std::unexpected(
      Error{ErrorKind::configuration, "no database of this server is chosen by the setting 'databases'",
            "Correct the globs in [server] databases."});
  bool any = false;
  for (const std::string& database : databases_to_watch()) {
    const Promise promise_here(self, server_.connect_timeout + definition.timeout);
    auto here = collect_in(database, collector, definition.timeout);
    if (here) any = true;
    if (!here)
      log_on_change(LogLevel::warning, "database_failed", definition.name + "/" + database, here.error(),
                    {{"collector", definition.name}, {"database", database}});
    if (!any) outcome = std::move(here);
  }
  return any ? std::expected<void, Error>{} : outcome;
}

/// A session for a moment: sessions that are held are few, however many databases there are.
std::expected<void, Error> Target::collect_in(const std::string& database,
                                              collectors::SqlCollector& collector,
                                              milliseconds timeout) {
  auto connection = connect(database);
  if (!connection) return std::unexpected(connection.error());
  return noted(collector.collect(*connection, {server_.lock_timeout}, Clock::now() + timeout));
}

std::vector<std::string> Target::databases_to_watch() {
  const std::lock_guard lock(mutex_);
  return collectors::chosen_by(server_.databases, facts_->databases);
}

void Target::publish(const collectors::Definition& definition,
                     Table table,
                     Clock::time_point start,
                     double database_seconds) {
  const auto taken_at = table.taken_at();
  const auto published =
      snapshot_.publish(definition.name, std::move(table), start + definition.every * config_->stale_after);
  const Table& shown = published->table();
  board_.update(definition.name, [&](CollectorStatus& status) {
    ++status.runs;
    status.state = CollectorState::good;
    status.message.clear();
    status.mend.clear();
    status.last_seconds = seconds_since(start);
    status.database_seconds += database_seconds;
    status.rows = shown.rows();
    status.series = shown.series();
    status.bytes = shown.memory().count;
    status.left_out = shown.left_out();
    status.series_dropped += shown.left_out().duplicates + shown.left_out().over_limit;
    status.last_success = taken_at;
  });
  log_recovery("collector_failed", definition.name, {{"collector", definition.name}});
}

void Target::note_failure(const collectors::Definition& definition,
                          const Error& error,
                          double seconds,
                          double database_seconds) {
  if (error.kind == ErrorKind::interrupted) return;
  board_.update(definition.name, [&](CollectorStatus& status) {
    ++status.runs;
    ++status.failures[error.kind];
    status.state = CollectorState::failed;
    status.message = error.message;
    status.mend = error.hint;
    status.last_seconds = seconds;
    status.database_seconds += database_seconds;
  });
  log_on_change(LogLevel::warning, "collector_failed", definition.name, error,
                {{"collector", definition.name}});
}

void Target::sleep(const std::stop_token& stop, Clock::duration pause) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, stop, Clock::now() + pause, [] { return false; });
}

void Target::wake() {
  ++changes_;
  changed_.notify_all();
}

}  // namespace pgvigil::agent
