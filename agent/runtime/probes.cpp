#include "agent/runtime/probes.h"

#include <algorithm>
#include <utility>

#include "agent/log/log.h"

namespace pgvigil::agent {
namespace {

/// How often one who waits looks whether the first numbers are there.
constexpr std::chrono::milliseconds k_look{20};

std::unexpected<RefusedProbe> refused(ProbeRefusal refusal, std::string why) {
  return std::unexpected(RefusedProbe{refusal, std::move(why)});
}

}  // namespace

std::string_view to_string(ProbeRefusal refusal) {
  switch (refusal) {
    case ProbeRefusal::malformed:
      return "malformed";
    case ProbeRefusal::forbidden:
      return "forbidden";
    case ProbeRefusal::limit:
      return "limit";
    case ProbeRefusal::busy:
      return "busy";
  }
  return "";
}

Probes::Probes(std::size_t waiting, std::shared_ptr<SeriesBudget> budget, CountHandler on_count)
    : budget_(std::move(budget)),
      on_count_(std::move(on_count)),
      may_wait_(waiting),
      config_(std::make_shared<const Config>()),
      forgetting_([this](const std::stop_token& stop) { forget_unasked(stop); }) {}

Probes::~Probes() {
  stop();
}

void Probes::configure(std::shared_ptr<const Config> config) {
  WatchList gone;
  {
    const std::lock_guard lock(mutex_);
    config_ = std::move(config);
    std::erase_if(probed_, [&](const auto& entry) {
      const auto& [key, probed] = entry;
      const auto module = config_->auth_modules.find(key.first);
      const bool stays = module != config_->auth_modules.end() && allows(module->second, probed.address) &&
                         probed.watch->does(*config_, server_of(probed.address, module->second));
      if (!stays) gone.push_back(probed.watch);
      return !stays;
    });
    on_count_(probed_.size());
    changed_.notify_all();
  }
  let_go(gone);
}

std::expected<std::shared_ptr<Watch>, RefusedProbe> Probes::probe(const std::string& target,
                                                                  const std::string& module) {
  auto found = watched(target, module);
  if (!found || (*found)->board().first_outcome_known()) return found;
  std::chrono::milliseconds longest{};
  {
    const std::lock_guard lock(mutex_);
    if (may_wait_ == 0)
      return refused(ProbeRefusal::busy,
                     "other targets are being probed for the first time; this one is watched from now "
                     "on, and the next probe shows it");
    --may_wait_;
    longest = config_->probe.wait;
  }
  wait_for_numbers(**found, longest);
  const std::lock_guard lock(mutex_);
  ++may_wait_;
  return found;
}

std::expected<std::shared_ptr<Watch>, RefusedProbe> Probes::watched(const std::string& target,
                                                                    const std::string& module) {
  const std::lock_guard lock(mutex_);
  if (config_->auth_modules.empty())
    return refused(
        ProbeRefusal::malformed,
        "no server of that name is configured, and without an [auth_module.NAME] in the configuration no "
        "other can be probed");
  const auto credentials = config_->auth_modules.find(module);
  if (credentials == config_->auth_modules.end())
    return refused(ProbeRefusal::malformed,
                   "auth_module must be the name of an [auth_module.NAME] of the configuration");
  const auto address = parse_probe_address(target);
  if (!address)
    return refused(ProbeRefusal::malformed, address.error().message + ". " + address.error().hint);
  if (!allows(credentials->second, *address))
    return refused(ProbeRefusal::forbidden, "the auth module's targets do not allow this one");

  const Key key{module, address->name() + "?" + address->sslmode};
  if (const auto known = probed_.find(key); known != probed_.end()) {
    known->second.asked_at = Clock::now();
    return known->second.watch;
  }
  if (stopped_ || probed_.size() >= config_->probe.max_targets)
    return refused(ProbeRefusal::limit,
                   "as many targets are watched as [probe] max_targets allows; one that is not probed "
                   "for a while makes room");
  auto watch = std::make_shared<Watch>(config_, server_of(*address, credentials->second),
                                       std::make_shared<Knowledge>(budget_));
  watch->start();
  probed_.emplace(key, Probed{*address, watch, Clock::now()});
  on_count_(probed_.size());
  changed_.notify_all();
  log(LogLevel::info, "probe_target_added", {{"server", watch->server().name}, {"auth_module", module}});
  return watch;
}

/// Until its first outcomes are known, or it is known why there are none.
bool Probes::wait_for_numbers(const Watch& watch, Clock::duration longest) {
  const auto until = Clock::now() + longest;
  std::unique_lock lock(mutex_);
  while (!stopped_ && Clock::now() < until) {
    lock.unlock();
    const bool known = watch.board().first_outcome_known();
    lock.lock();
    if (known) return true;
    changed_.wait_for(lock, k_look, [&] { return stopped_; });
  }
  return false;
}

WatchList Probes::watches() const {
  const std::lock_guard lock(mutex_);
  WatchList all;
  for (const auto& [key, probed] : probed_)
    all.push_back(probed.watch);
  return all;
}

void Probes::forget_unasked(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto now = Clock::now();
    auto next = Clock::time_point::max();
    WatchList gone;
    std::erase_if(probed_, [&](const auto& entry) {
      const auto due = entry.second.asked_at + config_->probe.forget_after;
      if (due <= now)
        gone.push_back(entry.second.watch);
      else
        next = std::min(next, due);
      return due <= now;
    });
    if (!gone.empty()) {
      on_count_(probed_.size());
      lock.unlock();
      let_go(gone);
      lock.lock();
      continue;
    }
    const auto was = probed_.size();
    const auto config = config_;
    const auto other = [&] { return probed_.size() != was || config_ != config; };
    if (next == Clock::time_point::max())
      changed_.wait(lock, stop, other);
    else
      changed_.wait_until(lock, stop, next, other);
  }
}

void Probes::let_go(const WatchList& watches) {
  stop_all(watches);
  for (const auto& watch : watches) {
    forget_errors_of(watch->server().name);
    log(LogLevel::info, "probe_target_forgotten", {{"server", watch->server().name}});
  }
}

void Probes::stop() {
  WatchList gone;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (const auto& [key, probed] : probed_)
      gone.push_back(probed.watch);
    probed_.clear();
    changed_.notify_all();
  }
  stop_all(gone);
}

}  // namespace pgvigil::agent
