#include "rules/advice/look.h"

#include <algorithm>

#include "collectors/model/instant.h"

namespace pgvigil::rules::advice {
namespace {

std::optional<std::size_t> label_at(const TableSchema& schema, std::string_view name) {
  const auto found = std::ranges::find(schema.labels, name, &LabelName::text);
  if (found == schema.labels.end()) return std::nullopt;
  return static_cast<std::size_t>(found - schema.labels.begin());
}

std::optional<std::size_t> metric_at(const TableSchema& schema, std::string_view name) {
  const auto found = std::ranges::find(
      schema.metrics, name, [](const Metric& metric) -> const auto& { return metric.name.text(); });
  if (found == schema.metrics.end()) return std::nullopt;
  return static_cast<std::size_t>(found - schema.metrics.begin());
}

}  // namespace

const Table* Look::table(std::string_view collector) const {
  const auto found = tables.find(collector);
  return found == tables.end() ? nullptr : found->second.get();
}

LabelColumn::LabelColumn(const Table& table, std::string_view name)
    : table_(&table), column_(label_at(table.schema(), name)) {}

ValueColumn::ValueColumn(const Table& table, std::string_view metric)
    : table_(&table), column_(metric_at(table.schema(), metric)) {}

RowFinder::RowFinder(const Table& table, std::vector<std::string_view> labels) {
  std::vector<LabelColumn> columns;
  for (const std::string_view label : labels)
    columns.emplace_back(table, label);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    std::vector<std::string_view> key;
    for (const LabelColumn& column : columns)
      key.push_back(column(row));
    rows_.try_emplace(std::move(key), row);
  }
}

std::optional<std::size_t> RowFinder::find(const std::vector<std::string_view>& texts) const {
  const auto found = rows_.find(texts);
  if (found == rows_.end()) return std::nullopt;
  return found->second;
}

std::optional<double> value_of(const Look& look, std::string_view collector, std::string_view metric) {
  const Table* table = look.table(collector);
  if (table == nullptr) return std::nullopt;
  const ValueColumn value(*table, metric);
  for (std::size_t row = 0; row < table->rows(); ++row)
    if (const auto found = value(row)) return found;
  return std::nullopt;
}

std::optional<double> setting(const Look& look, std::string_view metric) {
  return value_of(look, "settings", metric);
}

std::optional<Timestamp> statistics_since(const Look& look, std::string_view datname) {
  auto seconds = value_of(look, "stat_bgwriter", "pgvigil_stat_bgwriter_stats_reset_timestamp_seconds");
  if (const Table* table = look.table("stat_database")) {
    const auto row = RowFinder(*table, {"datname"}).find({datname});
    const ValueColumn reset(*table, "pgvigil_stat_database_stats_reset_timestamp_seconds");
    if (const auto own = row ? reset(*row) : std::nullopt) seconds = std::max(seconds.value_or(*own), *own);
  }
  if (!seconds) return std::nullopt;
  return timestamp_of(*seconds);
}

double standbys(const Look& look) {
  return value_of(look, "replication_standbys", "pgvigil_replication_standbys_streaming").value_or(0);
}

}  // namespace pgvigil::rules::advice
