#include "rules/present.h"

#include <algorithm>
#include <unordered_set>

#include "collectors/model/unix_time.h"

namespace pgvigil::rules {
namespace {

using namespace promql;

LabelsPtr labels_of(const Table& table,
                    std::size_t row,
                    std::size_t metric_index,
                    const Labels& target_labels) {
  const Metric& metric = table.schema().metrics[metric_index];
  std::vector<std::pair<std::string, std::string>> labels;
  labels.reserve(1 + target_labels.size() + metric.labels.size());
  labels.emplace_back(k_metric_name, metric.name.text());
  for (std::size_t i = 0; i < target_labels.size(); ++i)
    labels.emplace_back(target_labels[i].name, target_labels[i].value);
  for (std::uint16_t column : metric.labels)
    labels.emplace_back(table.schema().labels[column].text(), table.label(row, column));
  return Labels::make(std::move(labels));
}

/// Whether the conditions on the name, which need no label set, are met.
bool may_be(std::span<const Matcher> matchers, std::string_view metric) {
  return std::ranges::all_of(matchers, [&](const Matcher& matcher) {
    return matcher.name() != k_metric_name || matcher.matches(metric);
  });
}

}  // namespace

void Present::publish(std::string_view source_name,
                      std::shared_ptr<const Table> table,
                      LabelsPtr target_labels,
                      std::int64_t lookback_ms) {
  const std::size_t metrics = table->schema().metrics.size();
  Source source{
      .table = std::move(table), .target_labels = std::move(target_labels), .lookback_ms = lookback_ms};
  source.labels.resize(metrics);
  sources_.insert_or_assign(std::string(source_name), std::move(source));
}

void Present::publish(std::string_view source_name,
                      std::vector<Reading> readings,
                      std::int64_t t_ms,
                      std::int64_t lookback_ms) {
  sources_.insert_or_assign(std::string(source_name), Source{.table = nullptr,
                                                             .readings = std::move(readings),
                                                             .readings_t_ms = t_ms,
                                                             .lookback_ms = lookback_ms});
}

void Present::withdraw(std::string_view source) {
  const auto found = sources_.find(source);
  if (found != sources_.end()) sources_.erase(found);
}

void Present::take(const Source& source,
                   std::size_t metric,
                   std::span<const Matcher> matchers,
                   std::int64_t from_ms,
                   std::int64_t to_ms,
                   SeriesSet& found) {
  const Table& table = *source.table;
  const std::int64_t t_ms = unix_milliseconds(table.taken_at());
  if (t_ms < from_ms - source.lookback_ms || t_ms > to_ms) return;
  std::vector<LabelsPtr>& sets = source.labels[metric];
  if (sets.empty() && table.rows() > 0) {
    sets.resize(table.rows());
    for (std::size_t row = 0; row < table.rows(); ++row)
      if (table.has(row, metric)) sets[row] = labels_of(table, row, metric, *source.target_labels);
  }
  for (std::size_t row = 0; row < sets.size(); ++row) {
    if (sets[row] == nullptr || !matches_all(matchers, *sets[row])) continue;
    found.add_series(sets[row], source.lookback_ms);
    found.add_point({t_ms, *table.value(row, metric)});
  }
}

void Present::take_readings(const Source& source,
                            std::span<const Matcher> matchers,
                            std::int64_t from_ms,
                            std::int64_t to_ms,
                            SeriesSet& found) {
  const std::int64_t t_ms = source.readings_t_ms;
  if (t_ms < from_ms - source.lookback_ms || t_ms > to_ms) return;
  for (const Reading& reading : source.readings) {
    if (!matches_all(matchers, *reading.labels)) continue;
    found.add_series(reading.labels, source.lookback_ms);
    found.add_point({t_ms, reading.value});
  }
}

Expected<SeriesSet> Present::select(std::span<const Matcher> matchers,
                                    std::int64_t from_ms,
                                    std::int64_t to_ms) const {
  SeriesSet found;
  for (const auto& [name, source] : sources_) {
    if (source.table == nullptr) {
      take_readings(source, matchers, from_ms, to_ms, found);
      continue;
    }
    const std::vector<Metric>& metrics = source.table->schema().metrics;
    for (std::size_t i = 0; i < metrics.size(); ++i)
      if (may_be(matchers, metrics[i].name.text())) take(source, i, matchers, from_ms, to_ms, found);
  }
  return found;
}

void Present::add_others(std::span<const Matcher> matchers,
                         std::int64_t from_ms,
                         std::int64_t to_ms,
                         SeriesSet& found) const {
  std::unordered_set<LabelsPtr, SameLabels, SameLabels> known;
  for (std::size_t i = 0; i < found.size(); ++i)
    known.insert(found.labels(i));
  const auto add = [&](const LabelsPtr& labels, std::int64_t lookback_ms, Point point) {
    if (!matches_all(matchers, *labels) || known.contains(labels)) return;
    found.add_series(labels, lookback_ms);
    found.add_point(point);
  };
  for (const auto& [name, source] : sources_) {
    const bool is_table = source.table != nullptr;
    const std::int64_t t_ms = is_table ? unix_milliseconds(source.table->taken_at()) : source.readings_t_ms;
    if (t_ms < from_ms - source.lookback_ms || t_ms > to_ms) continue;
    const auto take = [&](const LabelsPtr& labels, double value) {
      add(labels, source.lookback_ms, {t_ms, value});
    };
    for (const Reading& reading : source.readings)
      take(reading.labels, reading.value);
    if (is_table)
      each_reading(
          *source.table, source.target_labels,
          [&](std::string_view metric) { return may_be(matchers, metric); }, take);
  }
}

void each_reading(const Table& table,
                  const LabelsPtr& target_labels,
                  const std::function<bool(std::string_view metric)>& wants,
                  const History::Take& take) {
  const std::vector<Metric>& metrics = table.schema().metrics;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (!wants(metrics[i].name.text())) continue;
    for (std::size_t row = 0; row < table.rows(); ++row)
      if (const auto value = table.value(row, i)) take(labels_of(table, row, i, *target_labels), *value);
  }
}

std::vector<Reading> readings(const Table& table,
                              const LabelsPtr& target_labels,
                              const std::function<bool(std::string_view metric)>& wants) {
  std::vector<Reading> found;
  each_reading(table, target_labels, wants, [&](const LabelsPtr& labels, double value) {
    found.push_back({labels, value});
  });
  return found;
}

const Queryable* Timeline::who_answers(std::span<const Matcher> matchers) const {
  const auto name = std::ranges::find_if(matchers, [](const Matcher& matcher) {
    return matcher.name() == k_metric_name && matcher.kind() == MatchKind::equal;
  });
  if (name == matchers.end()) return nullptr;
  if (!needs_.wants(name->value())) return &present_;
  return history_.lacks_series() ? nullptr : static_cast<const Queryable*>(&history_);
}

Expected<SeriesSet> Timeline::select(std::span<const Matcher> matchers,
                                     std::int64_t from_ms,
                                     std::int64_t to_ms) const {
  if (const Queryable* one = who_answers(matchers)) return one->select(matchers, from_ms, to_ms);
  Expected<SeriesSet> found = history_.select(matchers, from_ms, to_ms);
  if (found) present_.add_others(matchers, from_ms, to_ms, *found);
  return found;
}

Expected<std::vector<LabelsPtr>> Timeline::select_labels(std::span<const Matcher> matchers,
                                                         std::int64_t from_ms,
                                                         std::int64_t to_ms) const {
  if (const Queryable* one = who_answers(matchers)) return one->select_labels(matchers, from_ms, to_ms);
  auto found = history_.select_labels(matchers, from_ms, to_ms);
  if (!found) return found;
  SeriesSet all;
  for (const LabelsPtr& labels : *found)
    all.add_series(labels, 0);
  present_.add_others(matchers, from_ms, to_ms, all);
  for (std::size_t i = found->size(); i < all.size(); ++i)
    found->push_back(all.labels(i));
  return found;
}

}  // namespace pgvigil::rules
