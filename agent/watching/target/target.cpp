#include "agent/watching/target/target.h"

#include <algorithm>

#include "agent/config/limits.h"
#include "agent/log/log.h"

namespace pgvigil::agent {
namespace {

using std::chrono::steady_clock;

/// A further worker lets its session go when there was nothing for it to do for this long.
constexpr std::chrono::seconds k_idle_session{30};
/// What a worker may take beyond its deadlines, on a machine without a moment to spare.
constexpr std::chrono::minutes k_grace{1};
constexpr steady_clock::time_point k_far = steady_clock::time_point::max();

}  // namespace

Target::Target(std::shared_ptr<const Config> config,
               const ServerConfig& server,
               Snapshot& snapshot,
               StatusBoard& board)
    : config_(std::move(config)),
      server_(server),
      snapshot_(snapshot),
      board_(board),
      publisher_(*config_, snapshot_, board_),
      backoff_(server_.backoff_limit) {
  std::vector<CollectorStatus> statuses;
  for (const collectors::Definition& definition : config_->definitions) {
    if (!definition.enabled || definition.kind != server_.kind) {
      snapshot_.withdraw(definition.name);
      continue;
    }
    jobs_.push_back(&definition);
    limits_.push_back(limits_of(*config_, definition.name));
    stages_.emplace_back(limits_.back());
    schedule_.add(definition.every, Clock::now(),
                  is_on_tour(definition) ? Schedule::Lane::tour : Schedule::Lane::worker);
    governor_.add(definition.every, database_share_of(*config_, definition.name));
    statuses.push_back({.name = definition.name, .help = definition.help, .every = definition.every});
  }
  board_.set_collectors(statuses);
  board_.update_server([&](ServerStatus& status) {
    status.kind = server_.kind;
    status.database_share_limit = config_->total_database_share;
  });
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
      const LogScope scope(server_.name);
      self->number == 0 ? work_first(stop, *self) : work_further(stop, *self);
      let_go(*self);
    });
  if (std::ranges::none_of(jobs_, [&](const auto* definition) { return is_on_tour(*definition); })) return;
  tour_ = std::make_unique<Worker>();
  tour_->thread = std::jthread([this](const std::stop_token& stop) {
    const LogScope scope(server_.name);
    work_tour(stop, *tour_);
  });
}

void Target::stop() {
  interrupt_.raise();
  for (const auto& worker : workers_)
    worker->thread.request_stop();
  if (tour_) tour_->thread.request_stop();
  for (const auto& worker : workers_)
    if (worker->thread.joinable()) worker->thread.join();
  if (tour_ && tour_->thread.joinable()) tour_->thread.join();
}

bool Target::alive() const {
  const auto now = Clock::now();
  return (!tour_ || now < tour_->back_by.load()) &&
         std::ranges::all_of(workers_, [&](const auto& worker) { return now < worker->back_by.load(); });
}

Target::Promise::Promise(Worker& worker, Clock::duration longest)
    : worker_(worker), before_(worker.back_by.exchange(Clock::now() + longest + k_grace)) {}

Target::Promise::~Promise() {
  worker_.back_by = before_;
}

void Target::work_first(const std::stop_token& stop, Worker& self) {
  while (!stop.stop_requested()) {
    if (!self.connection) {
      if (!connect_first(stop, self)) continue;
    }
    const auto now = Clock::now();
    if ((now >= facts_due_ || facts_are_wanted()) && !refresh_facts(self)) continue;
    if (receive_guest(self)) continue;
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
    if (self.number == 0 && (facts_wanted_ || guest_ != nullptr)) return std::nullopt;
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

void Target::sleep(const std::stop_token& stop, Clock::duration pause) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, stop, Clock::now() + pause, [] { return false; });
}

void Target::wake() {
  ++changes_;
  changed_.notify_all();
}

}  // namespace pgvigil::agent
