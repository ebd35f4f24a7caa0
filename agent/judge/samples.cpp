#include "agent/judge/samples.h"

#include <algorithm>
#include <utility>

#include "agent/store/database.h"

namespace pgvigil::agent {

void Samples::configure(rules::HistorySettings settings, rules::HistoryNeeds needs) {
  needs_ = std::move(needs);
  if (settings.retention == settings_.retention && settings.max_bytes == settings_.max_bytes) return;
  settings_ = settings;
  // What was written by itself is not damaged.
  (void)restore_history(history_.serialised());
}

void Samples::publish(const JudgedTable& table) {
  newest_ = std::max(newest_, table.table->taken_at());
  const auto wants = [&](std::string_view metric) { return needs_.wants(metric); };
  history_.append(table.source, unix_milliseconds(table.table->taken_at()), table.lookback_ms,
                  [&](const rules::History::Take& take) {
                    rules::each_reading(*table.table, table.labels, wants, take);
                  });
  present_.publish(table.source, table.table, table.labels, table.lookback_ms);
}

void Samples::publish(std::string_view source,
                      std::vector<rules::Reading> readings,
                      Timestamp now,
                      std::int64_t lookback_ms) {
  std::vector<rules::Reading> past;
  std::ranges::copy_if(readings, std::back_inserter(past), [&](const rules::Reading& reading) {
    return needs_.wants(reading.labels->metric_name());
  });
  history_.append(source, unix_milliseconds(now), lookback_ms, past);
  present_.publish(source, std::move(readings), unix_milliseconds(now), lookback_ms);
}

void Samples::withdraw(std::string_view source, Timestamp now) {
  present_.withdraw(source);
  history_.append(source, unix_milliseconds(now), 0, std::span<const rules::Reading>{});
}

void Samples::tidy(Timestamp now) {
  history_.drop_before(unix_milliseconds(now - settings_.retention));
}

std::expected<void, Error> Samples::restore_history(std::string_view bytes) {
  auto loaded = rules::History::load(bytes, settings_);
  if (!loaded) return std::unexpected(loaded.error());
  history_ = std::move(*loaded);
  return {};
}

}  // namespace pgvigil::agent
