#include "agent/watching/target/local_target.h"

#include <algorithm>

#include "agent/config/limits.h"
#include "agent/log/log.h"
#include "agent/watching/target/local_collectors.h"

namespace pgvigil::agent {
namespace {

/// What a run may take beyond its timeout, on a machine without a moment to spare.
constexpr std::chrono::minutes k_grace{1};

}  // namespace

LocalTarget::LocalTarget(std::shared_ptr<const Config> config,
                         const ServerConfig& server,
                         Snapshot& snapshot,
                         StatusBoard& board)
    : config_(std::move(config)),
      snapshot_(snapshot),
      board_(board),
      publisher_(*config_, snapshot_, board_),
      collector_(local_collector(server)) {
  postgres::ServerFacts facts;
  facts.kind = server.kind;
  std::vector<CollectorStatus> statuses;
  for (const collectors::Definition& definition : config_->definitions) {
    auto planned = collectors::plan(definition, facts, config_->generation);
    auto* plan = std::get_if<collectors::Plan>(&planned);
    if (!definition.enabled || plan == nullptr) {
      snapshot_.withdraw(definition.name);
      continue;
    }
    plans_.push_back(std::move(*plan));
    limits_.push_back(limits_of(*config_, definition.name));
    stages_.emplace_back(limits_.back());
    schedule_.add(definition.every, Clock::now());
    statuses.push_back({.name = definition.name, .help = definition.help, .every = definition.every});
  }
  board_.set_collectors(statuses);
  board_.update_server([&](ServerStatus& status) { status.kind = server.kind; });
}

LocalTarget::~LocalTarget() {
  stop();
}

void LocalTarget::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void LocalTarget::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

bool LocalTarget::alive() const {
  return Clock::now() < back_by_.load();
}

void LocalTarget::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (const auto job = schedule_.take(Clock::now())) {
      run(*job, stop);
      continue;
    }
    std::unique_lock lock(mutex_);
    const auto due = schedule_.next_due().value_or(Clock::now() + std::chrono::hours{1});
    changed_.wait_until(lock, stop, due, [] { return false; });
  }
}

void LocalTarget::run(std::size_t job, const std::stop_token& stop) {
  const collectors::Plan& plan = plans_[job];
  const collectors::Definition& definition = *plan.definition;
  const Ran ran{.start = Clock::now()};
  back_by_ = ran.start + definition.timeout + k_grace;
  auto outcome = collector_->collect(plan, limits_[job], ran.start + definition.timeout, stop);
  auto result = Schedule::Result::good;
  if (auto* table = std::get_if<Table>(&outcome)) {
    publisher_.publish(definition, stages_[job].apply(plan, std::move(*table)), ran);
  } else if (const auto* unsupported = std::get_if<Unsupported>(&outcome)) {
    note_unsupported(definition, *unsupported);
  } else {
    result = Schedule::Result::failed;
    publisher_.note_failure(definition, std::get<Error>(outcome), ran);
  }
  schedule_.done(job, result, Clock::now());
  back_by_ = Clock::time_point::max();
}

/// A file or a mount may appear later: it is looked for at every run, and its absence told once.
void LocalTarget::note_unsupported(const collectors::Definition& definition, const Unsupported& unsupported) {
  snapshot_.withdraw(definition.name);
  bool is_new = false;
  board_.update(definition.name, [&](CollectorStatus& status) {
    is_new = status.state != CollectorState::unsupported || status.message != unsupported.why;
    status.state = CollectorState::unsupported;
    status.message = unsupported.why;
    status.mend = unsupported.mend;
  });
  if (is_new)
    log(LogLevel::info, "collector_unsupported",
        {{"collector", definition.name}, {"why", unsupported.why}, {"mend", unsupported.mend}});
}

}  // namespace pgvigil::agent
