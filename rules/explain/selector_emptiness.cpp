#include <algorithm>
#include <chrono>
#include <set>

#include "collectors/model/quantity.h"
#include "rules/explain/emptiness.h"
#include "rules/label_set.h"
#include "rules/promql/printer.h"

namespace pgvigil::rules {
namespace {

using namespace promql;

constexpr std::int64_t k_long_ago_ms = 24 * 3600 * 1000;
constexpr std::size_t k_most_values = 5;

std::string in_quotes(std::string_view text) {
  return "'" + std::string(text) + "'";
}

/// Why there is no series of this name at all.
std::string why_absent(const std::string& metric, const ExplainContext& context) {
  if (metric.empty()) return "no series meets its conditions";
  const std::string nothing = "there is no series of " + in_quotes(metric);
  if (context.catalog == nullptr) return nothing;
  const MetricFacts* facts = context.catalog->find(metric);
  if (facts == nullptr) {
    const std::string_view near = context.catalog->nearest_name(metric);
    return "no collector gives the metric " + in_quotes(metric) +
           (near.empty() ? "" : " (did you mean " + in_quotes(near) + "?)");
  }
  if (facts->collector.empty()) return nothing + ", which the agent itself gives";
  const std::string collector = "the collector " + in_quotes(facts->collector);
  if (!facts->enabled) return nothing + ": " + collector + " is off";
  const std::string trouble = context.trouble ? context.trouble(facts->collector) : "";
  if (!trouble.empty()) return nothing + ": " + collector + " " + trouble;
  return nothing + ": " + collector + " gave none";
}

/// `mode="a", "b" and 3 more`: what the series have where the condition asks for something else.
std::string values_of(const SeriesSet& series, const std::string& label) {
  std::set<std::string, std::less<>> values;
  for (std::size_t i = 0; i < series.size(); ++i)
    values.emplace(series.labels(i)->get(label));
  std::string text;
  std::size_t shown = 0;
  for (const std::string& value : values) {
    if (++shown > k_most_values)
      return text + " and " + std::to_string(values.size() - k_most_values) + " more";
    text += (text.empty() ? "" : ", ") + ("\"" + value + "\"");
  }
  return text;
}

bool is_name(const Matcher& matcher) {
  return matcher.name() == k_metric_name;
}

/// The series that meet all conditions but those on `label` (and with an empty label, the name's alone).
SeriesSet series_without(const std::vector<Matcher>& matchers,
                         const std::string& label,
                         const PartValues& values) {
  std::vector<Matcher> kept;
  for (const Matcher& matcher : matchers)
    if (is_name(matcher) || (!label.empty() && matcher.name() != label)) kept.push_back(matcher);
  auto found = values.context().storage.select(kept, values.t_ms() - k_long_ago_ms, values.t_ms());
  return found ? std::move(*found) : SeriesSet();
}

std::string why_unmatched(const VectorSelector& selector,
                          const SeriesSet& of_metric,
                          const PartValues& values) {
  const std::string count = std::to_string(of_metric.size()) + " series of " + in_quotes(metric_of(selector));
  for (const Matcher& matcher : selector.matchers) {
    if (is_name(matcher)) continue;
    const SeriesSet others = series_without(selector.matchers, matcher.name(), values);
    if (others.size() == 0) continue;
    return "none of the " + count + " has " + to_string(matcher) + ": their " + matcher.name() + " is " +
           values_of(others, matcher.name());
  }
  return "none of the " + count + " meets all of its conditions";
}

}  // namespace

std::string why_nothing_selected(const VectorSelector& selector, PartValues& values) {
  const SeriesSet of_metric = series_without(selector.matchers, "", values);
  if (of_metric.size() == 0) return why_absent(metric_of(selector), values.context());
  const auto matching =
      values.context().storage.select(selector.matchers, values.t_ms() - k_long_ago_ms, values.t_ms());
  std::int64_t newest = 0;
  for (std::size_t i = 0; matching && i < matching->size(); ++i)
    if (!matching->points(i).empty()) newest = std::max(newest, matching->points(i).back().t_ms);
  if (newest == 0) return why_unmatched(selector, of_metric, values);
  if (selector.shift.offset != nullptr || selector.shift.has_at())
    return "there is no sample at the time that it asks for; the newest is " +
           duration_text(std::chrono::milliseconds(values.t_ms() - newest)) + " old";
  return "its newest sample is " + duration_text(std::chrono::milliseconds(values.t_ms() - newest)) +
         " old, which counts no more, or the series has ended";
}

}  // namespace pgvigil::rules
