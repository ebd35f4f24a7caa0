#include "agent/watching/target/publisher.h"

#include <algorithm>

#include "agent/log/log.h"
#include "agent/watching/exposition/exposition.h"
#include "agent/watching/target/changes.h"

namespace pgvigil::agent {
namespace {

using std::chrono::steady_clock;

/// Of one run, in the log; a server that was replaced by another one would fill it.
constexpr std::size_t k_most_changes = 20;

/// In the log, and as evidence.
void tell_changes(const std::string& collector, const Table& before, const Table& now, StatusBoard& board) {
  for (const Change& change : changes_between(before, now, k_most_changes)) {
    std::string was, is;
    append_number(was, change.before);
    append_number(is, change.now);
    log(LogLevel::info, "value_changed",
        {{"collector", collector}, {"series", change.series}, {"before", was}, {"now", is}});
    const bool is_number = !change.series.substr(0, change.series.find('{')).ends_with("_checksum");
    board.note_change({.what = is_number ? "a value has changed" : "something of these has changed",
                       .name = is_number ? change.series + ": " + was + " -> " + is : change.series,
                       .at = now.taken_at()});
  }
}

}  // namespace

void Publisher::publish(const collectors::Definition& definition,
                        std::optional<Table> table,
                        const Ran& ran,
                        double slowdown) {
  std::shared_ptr<const Published> published;
  if (table) {
    const auto interval = std::max(definition.every, definition.publish_every.value_or(definition.every));
    // The next run may take as long as this one: a tour takes its time.
    const std::chrono::duration<double> shown_for =
        (interval * slowdown + (steady_clock::now() - ran.start)) * config_.stale_after;
    const auto before = definition.log_changes ? snapshot_.find(definition.name) : nullptr;
    published = snapshot_.publish(definition.name, std::move(*table),
                                  ran.start + std::chrono::duration_cast<steady_clock::duration>(shown_for));
    if (before) tell_changes(definition.name, before->table(), published->table(), board_);
  }
  board_.update(definition.name, [&](CollectorStatus& status) {
    ++status.runs;
    status.state = CollectorState::good;
    status.message.clear();
    status.mend.clear();
    status.last_seconds = seconds_since(ran.start);
    status.database_seconds += ran.database_seconds;
    if (!published) return;
    const Table& shown = published->table();
    status.rows = shown.rows();
    status.series = shown.series();
    status.bytes = shown.memory().count;
    status.left_out = shown.left_out();
    const LeftOut& left_out = shown.left_out();
    status.series_dropped += left_out.duplicates + left_out.over_limit + left_out.over_total;
    status.last_success = shown.taken_at();
  });
  log_recovery("collector_failed", definition.name, {{"collector", definition.name}});
  if (!published) return;
  if (published->table().left_out().over_total > 0)
    log_on_change(
        LogLevel::warning, "series_over_total", definition.name,
        {ErrorKind::limit, "all collectors together have more series than [limits] max_total_series",
         "Raise it, or leave rows out by [collector.NAME] filter."},
        {{"collector", definition.name}});
  else
    log_recovery("series_over_total", definition.name, {{"collector", definition.name}});
}

void Publisher::republish(const collectors::Definition& definition,
                          Table table,
                          Deadline expires,
                          double database_seconds) {
  const auto published = snapshot_.publish(definition.name, std::move(table), expires);
  board_.update(definition.name, [&](CollectorStatus& status) {
    status.database_seconds += database_seconds;
    status.rows = published->table().rows();
    status.series = published->table().series();
    status.bytes = published->table().memory().count;
  });
}

void Publisher::note_failure(const collectors::Definition& definition, const Error& error, const Ran& ran) {
  if (error.kind == ErrorKind::interrupted) return;
  board_.update(definition.name, [&](CollectorStatus& status) {
    ++status.runs;
    ++status.failures[error.kind];
    status.state = CollectorState::failed;
    status.message = error.message;
    status.mend = error.hint;
    status.last_seconds = seconds_since(ran.start);
    status.database_seconds += ran.database_seconds;
  });
  log_on_change(LogLevel::warning, "collector_failed", definition.name, error,
                {{"collector", definition.name}});
}

}  // namespace pgvigil::agent
