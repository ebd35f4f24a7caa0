// How a Target gets at its server and keeps knowing what it is: sessions, facts, the canary.

#include <random>
#include <utility>

#include "agent/log/log.h"
#include "agent/watching/target/target.h"

namespace pgvigil::agent {
namespace {

using std::chrono::steady_clock;

/// A promotion must be noticed within one interval of the collectors.
constexpr std::chrono::seconds k_facts_interval{15};
constexpr std::chrono::seconds k_facts_timeout{5};
constexpr std::chrono::seconds k_longest_visit{10};

bool are_equal_but_for_databases(const postgres::ServerFacts& one, const postgres::ServerFacts& other) {
  postgres::ServerFacts same = one;
  same.databases = other.databases;
  return same == other;
}

double random_fraction() {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>{}(engine);
}

}  // namespace

std::expected<postgres::Connection, Error> Target::connect(const std::string& database) {
  const auto start = Clock::now();
  auto connection =
      postgres::Connection::open(server_.connection, interrupt_, start + server_.connect_timeout, database);
  board_.update_server([&](ServerStatus& server) {
    server.ever_asked = true;
    if (!connection) {
      if (connection.error().kind != ErrorKind::interrupted)
        ++server.connect_failures[connection.error().kind];
      return;
    }
    ++server.connections_opened;
    server.connect_seconds = std::chrono::duration<double>(Clock::now() - start).count();
    server.certificates_end = connection->certificates_end();
  });
  return connection;
}

/// Connects the first worker and learns what the server is. False after a failure and its pause.
bool Target::connect_first(const std::stop_token& stop, Worker& self) {
  const Promise promise(self, server_.connect_timeout);
  auto connection = connect("");
  if (connection) {
    self.connection = std::move(*connection);
    board_.update_server([](ServerStatus& server) { ++server.connections; });
    if (refresh_facts(self)) {
      backoff_.succeeded();
      plan_canary();
      const std::lock_guard lock(mutex_);
      connected_ = true;
      wake();
      return true;
    }
  } else {
    note_silence(connection.error());
  }
  sleep(stop, backoff_.failed(random_fraction()));
  return false;
}

void Target::let_go(Worker& self) {
  if (!self.connection) return;
  self.connection.reset();
  board_.update_server([](ServerStatus& server) { --server.connections; });
  if (self.number > 0) return;
  const std::lock_guard lock(mutex_);
  connected_ = false;
  wake();
}

bool Target::refresh_facts(Worker& self) {
  const Promise promise(self, k_facts_timeout);
  auto facts = postgres::read_facts(*self.connection, server_.kind, Clock::now() + k_facts_timeout);
  facts_due_ = Clock::now() + k_facts_interval;
  {
    const std::lock_guard lock(mutex_);
    facts_wanted_ = false;
  }
  if (!facts) {
    note_silence(facts.error());
    let_go(self);
    return false;
  }
  note_answer();
  auto known = std::make_shared<const postgres::ServerFacts>(std::move(*facts));
  bool other_databases = false;
  bool only_databases = false;
  std::shared_ptr<const postgres::ServerFacts> before;
  {
    const std::lock_guard lock(mutex_);
    if (facts_ && *facts_ == *known) return true;
    before = facts_;
    other_databases = !facts_ || facts_->databases != known->databases;
    only_databases = facts_ && are_equal_but_for_databases(*facts_, *known);
    facts_ = known;
    if (other_databases) {
      ++databases_told_;
      wake();
    }
  }
  board_.update_server([&](ServerStatus& server) { server.facts = known; });
  if (before) note_changes(*before, *known);
  if (only_databases) return true;  // the tour takes them up
  log(LogLevel::info, "server_facts",
      {{"version", known->short_version},
       {"role", postgres::to_string(known->role)},
       {"user", known->user},
       {"database", known->database},
       {"system_identifier", known->system_identifier}});
  make_plans(*known);
  return true;
}

/// What a person wants to know of it when something breaks soon after.
void Target::note_changes(const postgres::ServerFacts& before, const postgres::ServerFacts& now) {
  const auto note = [&](std::string_view what, std::string_view was, std::string_view is) {
    if (was == is) return;
    board_.note_change(
        {std::string(what), std::string(was) + " -> " + std::string(is), std::chrono::system_clock::now()});
  };
  note("the role has changed", postgres::to_string(before.role), postgres::to_string(now.role));
  note("the version has changed", before.short_version, now.short_version);
  note("it is another cluster", before.system_identifier, now.system_identifier);
}

/// Has the first worker read the facts before they are due.
void Target::want_facts() {
  const std::lock_guard lock(mutex_);
  facts_wanted_ = true;
  wake();
}

bool Target::facts_are_wanted() {
  const std::lock_guard lock(mutex_);
  return facts_wanted_;
}

/// Every answer tells whether the server is in recovery: a promotion is noticed with the next collection,
/// whichever it is.
void Target::note_role(const postgres::Connection& session) {
  const auto in_recovery = session.in_recovery();
  if (!in_recovery) return;
  const auto role = *in_recovery ? postgres::Role::standby : postgres::Role::primary;
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    changed = facts_ && facts_->role != role;
  }
  if (changed) want_facts();
}

bool Target::lend(const Visit& visit, Deadline deadline, const std::stop_token& stop) {
  Guest guest{visit};
  std::unique_lock lock(mutex_);
  if (!connected_ || guest_ != nullptr) return false;
  guest_ = &guest;
  wake();
  changed_.wait_until(lock, stop, deadline, [&] { return guest.has_begun || !connected_; });
  if (!guest.has_begun) {
    guest_ = nullptr;
    return false;
  }
  changed_.wait(lock, [&] { return guest.is_over; });
  return true;
}

/// Whether there was one. A visit keeps its own deadlines.
bool Target::receive_guest(Worker& self) {
  Guest* guest = nullptr;
  {
    const std::lock_guard lock(mutex_);
    guest = std::exchange(guest_, nullptr);
    if (guest == nullptr) return false;
    guest->has_begun = true;
    self.busy = true;
  }
  {
    const Promise promise(self, k_longest_visit);
    guest->visit(*self.connection);
  }
  if (!self.connection->usable()) let_go(self);
  const std::lock_guard lock(mutex_);
  guest->is_over = true;
  self.busy = false;
  wake();
  return true;
}

/// Plans every collector anew: the version, the role, an extension or a grant has changed.
void Target::make_plans(const postgres::ServerFacts& facts) {
  std::vector<Planned> plans;
  for (const collectors::Definition* definition : jobs_) {
    plans.push_back(collectors::plan(*definition, facts, config_->generation));
    if (const auto* unsupported = std::get_if<Unsupported>(&plans.back()))
      log(LogLevel::info, "collector_unsupported",
          {{"collector", definition->name}, {"why", unsupported->why}, {"mend", unsupported->mend}});
  }
  {
    const std::lock_guard lock(mutex_);
    plans_ = std::move(plans);
    for (std::size_t job = 0; job < jobs_.size(); ++job)
      schedule_.hurry(job, Clock::now());
    wake();
  }
  for (std::size_t job = 0; job < jobs_.size(); ++job)
    show_if_unsupported(job);
}

/// Whoever shows something of a job calls it afterwards, and so does whoever plans anew: a run that was under
/// way meanwhile does not have the last word.
void Target::show_if_unsupported(std::size_t job) {
  std::optional<Unsupported> unsupported;
  {
    const std::lock_guard lock(mutex_);
    if (const auto* planned = std::get_if<Unsupported>(&plans_[job])) unsupported = *planned;
  }
  if (!unsupported) return;
  snapshot_.withdraw(jobs_[job]->name);
  board_.update(jobs_[job]->name, [&](CollectorStatus& status) {
    status.state = CollectorState::unsupported;
    status.message = unsupported->why;
    status.mend = unsupported->mend;
  });
}

/// A pod has 30 s to stop by default: a smart shutdown that waits for our session should end well before.
void Target::plan_canary() {
  canary_due_ = server_.canary.count() == 0 ? Clock::time_point::max() : Clock::now() + server_.canary;
}

/// Opens a session and closes it. A server in smart shutdown serves its old sessions and waits for them to
/// end: only a new one learns of it, and then all of ours go at once. With all connections taken the held
/// session goes on.
void Target::fly_canary(Worker& self) {
  const Promise promise(self, server_.connect_timeout);
  plan_canary();
  const auto canary = connect("");
  std::optional<Error> trouble;
  if (!canary && canary.error().kind != ErrorKind::interrupted) trouble = canary.error();
  board_.update_server([&](ServerStatus& server) { server.canary_trouble = trouble; });
  if (!trouble) return log_recovery("new_sessions_refused", "server", {});
  log_on_change(LogLevel::warning, "new_sessions_refused", "server", *trouble, {});
  if (trouble->kind != ErrorKind::not_accepting) return;
  note_silence(*trouble);
  let_go(self);
}

/// Whether the server answered at all; a query that it refused is an answer.
std::expected<void, Error> Target::noted(std::expected<void, Error> outcome) {
  if (outcome) {
    note_answer();
    return outcome;
  }
  const ErrorKind kind = outcome.error().kind;
  // A column that the result does not have is the definition's fault: the server answered.
  if (server_answered(kind) || kind == ErrorKind::configuration || kind == ErrorKind::limit)
    note_answer();
  else
    note_silence(outcome.error());
  return outcome;
}

void Target::note_answer() {
  board_.update_server([](ServerStatus& server) {
    server.last_answer = steady_clock::now();
    server.trouble.reset();
    server.trouble_since.reset();
  });
  log_recovery("server_silent", "server", {});
}

void Target::note_silence(const Error& error) {
  // A fault of ours or of a definition says nothing about the server.
  if (error.kind == ErrorKind::interrupted || error.kind == ErrorKind::internal) return;
  board_.update_server([&](ServerStatus& server) {
    if (!server.trouble) server.trouble_since = std::chrono::system_clock::now();
    server.trouble = error;
  });
  log_on_change(LogLevel::error, "server_silent", "server", error, {});
}

}  // namespace pgvigil::agent
