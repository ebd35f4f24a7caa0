#include "rules/explain/explain_text.h"

#include <chrono>

#include "collectors/model/quantity.h"
#include "rules/explain/emptiness.h"

namespace pgvigil::rules {
namespace {

std::string padded(int number, std::size_t width = 2) {
  std::string text = std::to_string(number);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

/// The metric's name before the braces, as people write it.
std::string series_text(const promql::Labels& labels) {
  promql::LabelsBuilder others(labels);
  const auto rest = others.erase(promql::k_metric_name).build();
  const std::string name(labels.metric_name());
  return rest->size() == 0 && !name.empty() ? name : name + to_string(*rest);
}

/// "3 series", "3 series, 45 samples"
std::string count_text(const ExplainedNode& node) {
  if (!node.error.empty()) return "fails: " + node.error;
  if (node.type == promql::ValueType::scalar) return short_number(node.shown.front().value);
  if (node.series == 0) return node.why_empty.empty() ? "nothing" : "nothing: " + node.why_empty;
  std::string text = std::to_string(node.series) + " series";
  if (node.type == promql::ValueType::matrix) text += ", " + std::to_string(node.samples) + " samples";
  return text;
}

std::string one_series(const ExplainedNode& node, const ExplainedSeries& series) {
  const std::string name = series_text(*series.labels);
  if (node.type != promql::ValueType::matrix) return name + "  " + short_number(series.value);
  const auto span = std::chrono::milliseconds(series.last_ms - series.first_ms);
  return name + "  " + std::to_string(series.samples) + " samples over " + duration_text(span) +
         ", the last " + short_number(series.value);
}

}  // namespace

std::string utc_text(std::int64_t t_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds{t_ms}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - day)};
  return padded(static_cast<int>(date.year()), 4) + "-" + padded(static_cast<int>(unsigned{date.month()})) +
         "-" + padded(static_cast<int>(unsigned{date.day()})) + "T" +
         padded(static_cast<int>(clock.hours().count())) + ":" +
         padded(static_cast<int>(clock.minutes().count())) + ":" +
         padded(static_cast<int>(clock.seconds().count())) + "Z";
}

std::string to_text(const Explanation& explanation) {
  std::string text = "at " + utc_text(explanation.t_ms) + "\n\n";
  for (const ExplainedNode& node : explanation.nodes) {
    const std::string margin(2 * node.level, ' ');
    text += margin + node.head + "   -> " + count_text(node) + "\n";
    if (node.type == promql::ValueType::scalar) continue;
    for (const ExplainedSeries& series : node.shown)
      text += margin + "    " + one_series(node, series) + "\n";
    if (node.series > node.shown.size())
      text += margin + "    and " + std::to_string(node.series - node.shown.size()) + " more\n";
  }
  return text + "\n" + explanation.verdict + "\n";
}

}  // namespace pgvigil::rules
