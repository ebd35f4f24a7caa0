#include "agent/watching/target/changes.h"

#include <string_view>
#include <unordered_map>

namespace pgvigil::agent {
namespace {

std::string series_of(const Table& table, std::size_t row, const Metric& metric) {
  std::string text(metric.name.text());
  std::string_view separator = "{";
  for (const std::uint16_t label : metric.labels) {
    if (table.label(row, label).empty()) continue;
    text += separator;
    text += table.schema().labels[label].text();
    text += '=';
    text += table.label(row, label);
    separator = ",";
  }
  if (separator == ",") text += '}';
  return text;
}

template <typename Visit>
void for_each_sample(const Table& table, const Visit& visit) {
  for (std::size_t row = 0; row < table.rows(); ++row)
    for (std::size_t metric = 0; metric < table.schema().metrics.size(); ++metric)
      if (const auto value = table.value(row, metric))
        visit(series_of(table, row, table.schema().metrics[metric]), *value);
}

}  // namespace

std::vector<Change> changes_between(const Table& before, const Table& after, std::size_t most) {
  std::unordered_map<std::string, double> known;
  for_each_sample(before, [&](std::string series, double value) { known.emplace(std::move(series), value); });
  std::vector<Change> changes;
  for_each_sample(after, [&](std::string series, double value) {
    const auto found = known.find(series);
    if (found != known.end() && found->second != value && changes.size() < most)
      changes.push_back({std::move(series), found->second, value});
  });
  return changes;
}

}  // namespace pgvigil::agent
