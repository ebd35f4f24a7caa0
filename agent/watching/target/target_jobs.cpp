// What a Target does with a job: runs it, pays for it, publishes what came.

#include "agent/config/limits.h"
#include "agent/log/log.h"
#include "agent/watching/target/target.h"

namespace pgvigil::agent {
namespace {

std::string percent(double share) {
  const std::string text = std::to_string(share * 100);
  return text.substr(0, text.find('.') + 3) + " %";
}

}  // namespace

void Target::run(Worker& self, std::size_t job) {
  auto result = Schedule::Result::good;
  if (const auto plan = plan_of(job)) {
    Ran ran{.start = Clock::now()};
    collectors::SqlCollector collector(*plan, limits_[job]);
    const auto outcome = collect(self, *jobs_[job], collector);
    ran.database_seconds = seconds_since(ran.start);
    result = settle(job, *plan, ran, outcome, std::move(collector));
  }
  if (self.connection && !self.connection->usable()) let_go(self);
  const std::lock_guard lock(mutex_);
  schedule_.done(job, result, Clock::now());
  self.busy = false;
  wake();
}

std::optional<collectors::Plan> Target::plan_of(std::size_t job) {
  const std::lock_guard lock(mutex_);
  const auto* plan = std::get_if<collectors::Plan>(&plans_[job]);
  return plan == nullptr ? std::nullopt : std::optional(*plan);
}

/// Pays for a run and shows what came of it.
Schedule::Result Target::settle(std::size_t job,
                                const collectors::Plan& plan,
                                const Ran& ran,
                                const std::expected<void, Error>& outcome,
                                collectors::SqlCollector collector) {
  // A server that does not answer is not busy with our query, as far as anybody knows.
  const double slowdown =
      pay(job, outcome || server_answered(outcome.error().kind) ? ran.database_seconds : 0);
  if (!plan_of(job)) return Schedule::Result::good;  // it became unsupported meanwhile
  if (outcome) {
    Table raw = std::move(collector).finish(ran.taken_at.value_or(std::chrono::system_clock::now()));
    publisher_.publish(*jobs_[job], stages_[job].apply(plan, std::move(raw)), ran, slowdown);
  } else {
    publisher_.note_failure(*jobs_[job], outcome.error(), ran);
  }
  show_if_unsupported(job);
  return outcome ? Schedule::Result::good : Schedule::Result::failed;
}

/// Counts what a run cost the server; by how much the job's interval is stretched from now on.
double Target::pay(std::size_t job, double database_seconds) {
  const auto now = Clock::now();
  bool changed = false;
  double slowdown = 1;
  double asked = 0;
  double used = 0;
  {
    const std::lock_guard lock(mutex_);
    changed = governor_.note(job, database_seconds, now);
    slowdown = governor_.slowdown(job);
    asked = governor_.asked(job);
    used = governor_.used(now);
    schedule_.stretch(job, slowdown);
  }
  const collectors::Definition& definition = *jobs_[job];
  board_.update(definition.name, [&](CollectorStatus& status) {
    status.slowdown = slowdown;
    status.asked = asked;
  });
  board_.update_server([&](ServerStatus& server) { server.database_share = used; });
  if (changed && slowdown == 1)
    log(LogLevel::info, "collector_at_its_pace", {{"collector", definition.name}});
  if (changed && slowdown != 1)
    log(LogLevel::warning, "collector_slowed_down",
        {{"collector", definition.name},
         {"would_take", percent(asked)},
         {"may_take", percent(database_share_of(*config_, definition.name))},
         {"every_seconds", std::chrono::duration<double>(definition.every).count() * slowdown}});
  note_share(used);
  return slowdown;
}

void Target::note_share(double used) {
  const double most = config_->total_database_share;
  if (most == 0 || used <= most) return log_recovery("database_share_exceeded", "server", {});
  log_on_change(
      LogLevel::warning, "database_share_exceeded", "server",
      {ErrorKind::limit,
       "all collectors together take more than " + percent(most) + " of one core of the server",
       "Run the dear ones less often: pgvigil_collector_database_seconds_total tells which they are."},
      {});
}

std::expected<void, Error> Target::collect(Worker& self,
                                           const collectors::Definition& definition,
                                           collectors::SqlCollector& collector) {
  const Promise promise(self, definition.timeout);
  auto outcome =
      collector.collect(*self.connection, {server_.lock_timeout}, Clock::now() + definition.timeout);
  note_role(*self.connection);
  return noted(std::move(outcome));
}

}  // namespace pgvigil::agent
