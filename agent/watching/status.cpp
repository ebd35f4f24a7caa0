#include "agent/watching/status.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace pgvigil::agent {
namespace {

constexpr std::size_t k_most_changes = 100;

}  // namespace

std::string_view to_string(CollectorState state) {
  switch (state) {
    case CollectorState::waiting:
      return "waiting";
    case CollectorState::good:
      return "good";
    case CollectorState::failed:
      return "failed";
    case CollectorState::unsupported:
      return "unsupported";
  }
  return "";
}

void StatusBoard::set_collectors(const std::vector<CollectorStatus>& collectors) {
  const std::lock_guard lock(mutex_);
  std::vector<CollectorStatus> next;
  for (const CollectorStatus& collector : collectors) {
    const auto old = std::ranges::find(collectors_, collector.name, &CollectorStatus::name);
    next.push_back(old == collectors_.end() ? collector : *old);
    next.back().help = collector.help;
    next.back().every = collector.every;
    next.back().slowdown = 1;
    next.back().state = CollectorState::waiting;
  }
  std::ranges::sort(next, {}, &CollectorStatus::name);
  collectors_ = std::move(next);
}

void StatusBoard::update(const std::string& collector, const std::function<void(CollectorStatus&)>& change) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(collectors_, collector, &CollectorStatus::name);
  if (found != collectors_.end()) change(*found);
}

void StatusBoard::update_server(const std::function<void(ServerStatus&)>& change) {
  const std::lock_guard lock(mutex_);
  change(server_);
}

void StatusBoard::note_change(ChangeNote note) {
  const std::lock_guard lock(mutex_);
  changes_.push_back(std::move(note));
  if (changes_.size() > k_most_changes) changes_.pop_front();
}

std::vector<ChangeNote> StatusBoard::changes(Timestamp since) const {
  const std::lock_guard lock(mutex_);
  std::vector<ChangeNote> notes;
  for (const ChangeNote& note : changes_ | std::views::reverse)
    if (note.at > since) notes.push_back(note);
  return notes;
}

std::vector<CollectorStatus> StatusBoard::collectors() const {
  const std::lock_guard lock(mutex_);
  return collectors_;
}

std::optional<CollectorGlance> StatusBoard::collector(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(collectors_, name, &CollectorStatus::name);
  if (found == collectors_.end()) return std::nullopt;
  return CollectorGlance{found->state, found->every, found->slowdown, found->last_success.has_value()};
}

bool StatusBoard::in_trouble() const {
  const std::lock_guard lock(mutex_);
  return server_.trouble.has_value();
}

ServerStatus StatusBoard::server() const {
  const std::lock_guard lock(mutex_);
  return server_;
}

bool StatusBoard::first_answer_known() const {
  const std::lock_guard lock(mutex_);
  return is_local(server_.kind) || server_.trouble || server_.last_answer != decltype(server_.last_answer){};
}

bool StatusBoard::first_round_done() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::none_of(collectors_, [](const CollectorStatus& collector) {
    return collector.state == CollectorState::waiting && collector.runs == 0;
  });
}

bool StatusBoard::first_outcome_known() const {
  return first_round_done() || server().trouble.has_value();
}

bool is_up(const ServerStatus& server,
           std::chrono::steady_clock::time_point now,
           std::chrono::milliseconds interval) {
  return server.ever_asked && !server.trouble && now - server.last_answer <= interval;
}

}  // namespace pgvigil::agent
