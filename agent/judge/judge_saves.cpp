// What a Judge keeps over a restart: the states of alerts, the events of a tick, the history.

#include <utility>

#include "agent/judge/history_file.h"
#include "agent/judge/judge.h"
#include "agent/log/log.h"

namespace pgvigil::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto k_save_history = 1min;

/// What waits for a store that fails; the oldest go first.
constexpr std::size_t k_most_unsaved = 10'000;

}  // namespace

/// What was saved is read once. Whatever is wrong with it, judging goes on without.
void Judge::restore() {
  auto alerts = load_alerts(store_);
  if (alerts) restored_ = std::move(*alerts);
  const std::string& directory = store_.directory();
  if (directory.empty()) return;
  const auto bytes = read_history_file(directory);
  if (!bytes) return log(LogLevel::error, "history_unreadable", {{"error", bytes.error().message}});
  if (!*bytes) return;
  const auto restored = samples_.restore_history(**bytes);
  if (restored) return;
  ++history_set_aside_;
  const auto moved = set_history_file_aside(directory);
  log(LogLevel::error, "history_set_aside",
      {{"why", restored.error().message}, {"as", moved ? "history.bin.damaged" : moved.error().message}});
}

/// States and events together. When it fails all of it is tried again after the next evaluation.
void Judge::save() {
  bool anything = !unsaved_events_.empty();
  runner_.for_each_unsaved([&](const std::string&, const rules::Alerts&) { anything = true; });
  if (!anything) return;
  if (unsaved_events_.size() > k_most_unsaved)
    unsaved_events_.erase(unsaved_events_.begin(), unsaved_events_.end() - k_most_unsaved);
  auto transaction = store_.begin();
  if (!transaction) return;
  runner_.for_each_unsaved(
      [&](const std::string& rule, const rules::Alerts& alerts) { save_alerts(*transaction, rule, alerts); });
  for (const Happened& event : unsaved_events_) {
    add_event(*transaction, *event.rule, event.event, event.at);
    for (TransitionSink* sink : sinks_)
      sink->add(*transaction, *event.rule, event.event, event.at);
  }
  if (!unsaved_events_.empty()) forget_old_events(*transaction, unsaved_events_.back().at);
  if (!transaction->commit()) return;
  runner_.confirm_saved();
  if (std::exchange(unsaved_events_, {}).empty()) return;
  for (TransitionSink* sink : sinks_)
    sink->committed();
}

void Judge::save_history_if_due(Timestamp now) {
  {
    const std::lock_guard lock(mutex_);
    if (now < history_due_ && history_due_ <= now + k_save_history) return;
    const bool is_first = history_due_ == Timestamp{};
    history_due_ = now + k_save_history;
    if (is_first) return;
    samples_.tidy(now);
  }
  save_history();
}

void Judge::save_history() {
  const std::string& directory = store_.directory();
  if (directory.empty()) return;
  std::string bytes;
  {
    const std::lock_guard lock(mutex_);
    if (!configured_) return;
    bytes = samples_.serialised_history();
  }
  const auto written = write_history_file(directory, bytes);
  if (written) return log_recovery("history_unsaved", "history", {});
  log_on_change(LogLevel::error, "history_unsaved", "history", written.error(), {});
  const std::lock_guard lock(mutex_);
  ++history_save_errors_;
}

}  // namespace pgvigil::agent
