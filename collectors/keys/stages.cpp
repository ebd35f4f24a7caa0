#include "collectors/keys/stages.h"

#include <algorithm>
#include <array>

#include "collectors/expression.h"

namespace pgvigil::collectors {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::string_view, 1> k_accumulate_words = {"seconds"};
constexpr std::array<std::string_view, 4> k_other_words = {"sum", "max", "min",
                                                           "none"};  // as the enumerators

constexpr milliseconds k_least_window = std::chrono::seconds{10};
constexpr milliseconds k_rate_window = std::chrono::minutes{5};
/// Long enough for autovacuum and nightly jobs not to turn a forecast over with every minute.
constexpr milliseconds k_time_left_window = std::chrono::hours{1};
constexpr std::int64_t k_most_rows = 1'000'000;

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

std::string near_hint(std::string_view word, const std::vector<std::string_view>& words) {
  const std::string_view near = nearest(word, words);
  if (!near.empty()) return "Did you mean " + quoted(near) + "?";
  std::string list;
  for (const std::string_view each : words)
    list += (list.empty() ? "" : ", ") + std::string(each);
  return list.empty() ? "" : "There are: " + list + ".";
}

/// A column, or an Expression over columns.
std::string value_at(Section& section, std::string_view key) {
  if (!section.require(key)) return "";
  auto text = section.string(key).value_or("");
  if (!section.peek(key)) return text;
  if (text.empty())
    section.report(key, quoted(key) + " is empty");
  else if (const auto value = Expression::parse(text); !value)
    section.report_within(key, value.error().offset,
                          "bad value " + quoted(text) + ": " + value.error().message, value.error().hint);
  return text;
}

Grows read_grows(Section& section) {
  return section.boolean("level").value_or(false) ? Grows::level : Grows::counter;
}

void read_rate(Section& section, MetricDefinition& metric) {
  auto rate = section.section("rate");
  if (!rate) return;
  metric.derivation = Derivation::rate;
  metric.value = value_at(*rate, "of");
  metric.over = rate->duration("over", k_least_window).value_or(k_rate_window);
  metric.grows = read_grows(*rate);
  rate->finish();
  if (metric.type != MetricType::gauge)
    section.report("rate", "a rate is a gauge", "Write type = \"gauge\".");
}

void read_time_left(Section& section, MetricDefinition& metric) {
  auto time_left = section.section("time_left");
  if (!time_left) return;
  metric.derivation = Derivation::time_left;
  metric.value = value_at(*time_left, "of");
  metric.beside = {value_at(*time_left, "spent")};
  metric.over = time_left->duration("over", k_least_window).value_or(k_time_left_window);
  metric.grows = read_grows(*time_left);
  metric.other = OtherRule::min;
  time_left->finish();
  if (metric.type != MetricType::gauge || metric.unit != Unit::seconds)
    section.report("time_left", "a time left is a gauge in seconds",
                   "Write type = \"gauge\" and unit = \"seconds\".");
}

void read_lag(Section& section, MetricDefinition& metric) {
  auto lag = section.section("lag");
  if (!lag) return;
  metric.derivation = Derivation::lag;
  metric.value = value_at(*lag, "of");
  metric.beside = {value_at(*lag, "behind")};
  if (lag->has("when_changed")) metric.beside.push_back(value_at(*lag, "when_changed"));
  metric.other = OtherRule::max;
  lag->finish();
  if (metric.type != MetricType::gauge || metric.unit != Unit::seconds)
    section.report("lag", "a lag is a gauge in seconds", "Write type = \"gauge\" and unit = \"seconds\".");
}

void read_accumulate(Section& section, MetricDefinition& metric) {
  if (!section.choice("accumulate", k_accumulate_words)) return;
  metric.derivation = Derivation::sampled;
  if (metric.type != MetricType::counter)
    section.report("accumulate", "what adds up is a counter", "Write type = \"counter\".");
}

bool samples(const Definition& definition) {
  return std::ranges::any_of(definition.metrics, [](const MetricDefinition& metric) {
    return metric.derivation == Derivation::sampled;
  });
}

void check_sampling(Section& root, const Definition& definition) {
  if (!samples(definition)) {
    if (definition.publish_every)
      root.report("publish_every", "only a collector that accumulates publishes less often than it runs",
                  "Write a longer 'every', or accumulate = \"seconds\" at the metrics.");
    return;
  }
  const auto plain = std::ranges::find_if(definition.metrics, [](const MetricDefinition& metric) {
    return metric.derivation != Derivation::sampled;
  });
  if (plain != definition.metrics.end())
    root.report_here(
        "metric " + quoted(plain->name) + " does not accumulate, and others of the collector do",
        "A row that is not seen keeps its sum, but has no other value: give it a file of its own.");
  if (definition.publish_every && *definition.publish_every < definition.every)
    root.report("publish_every", "'publish_every' is shorter than 'every'");
}

/// The labels of the first metric that shows a column.
const std::vector<std::string>* labels_of_column(const Definition& definition, std::string_view name) {
  const auto found = std::ranges::find(definition.metrics, name, &MetricDefinition::value);
  return found == definition.metrics.end() ? nullptr : &found->labels;
}

void read_top(Section& root, Definition& definition) {
  auto section = root.section("top");
  if (!section) return;
  TopDefinition top;
  if (const auto rows = section->integer("rows", 1, k_most_rows)) top.rows = static_cast<std::size_t>(*rows);
  if (section->require("by")) top.by = section->strings("by").value_or(std::vector<std::string>{});
  top.per = section->strings("per").value_or(std::vector<std::string>{});
  if (section->has("by") && top.by.empty()) section->report("by", "nothing to rank by");
  for (std::size_t i = 0; i < top.by.size(); ++i) {
    std::string hint;
    const std::string mistake = mistake_in_ranking(definition, top.by[i], hint);
    if (!mistake.empty()) section->report_element("by", i, mistake, hint);
  }
  const auto* labels = top.by.empty() ? nullptr : labels_of_column(definition, top.by.front());
  for (std::size_t i = 0; labels != nullptr && i < top.per.size(); ++i)
    if (std::ranges::find(*labels, top.per[i]) == labels->end())
      section->report_element(
          "per", i, "the metric of " + quoted(top.by.front()) + " has no label " + quoted(top.per[i]),
          near_hint(top.per[i], {labels->begin(), labels->end()}));
  section->finish();
  definition.top = std::move(top);
}

}  // namespace

void read_value_keys(Section& section, MetricDefinition& metric) {
  constexpr std::array<std::string_view, 3> k_derived = {"rate", "time_left", "lag"};
  std::string_view derived;
  for (const std::string_view key : k_derived) {
    if (!section.has(key)) continue;
    if (!derived.empty())
      section.report(key, quoted(derived) + " and " + quoted(key) + " exclude each other");
    if (derived.empty()) derived = key;
  }
  if (derived.empty() && section.require("value")) metric.value = value_at(section, "value");
  if (section.has("value") && !derived.empty()) {
    section.know("value");
    section.report("value", "'value' and " + quoted(derived) + " exclude each other",
                   "The column stands in 'of'.");
  }
  read_rate(section, metric);
  read_time_left(section, metric);
  read_lag(section, metric);
  read_accumulate(section, metric);
  if (section.has("accumulate") && !derived.empty())
    section.report("accumulate", "'accumulate' goes with 'value' only");
  if (const auto word = section.choice("other", k_other_words)) {
    metric.other = OtherRule{static_cast<std::uint8_t>(*word)};
    if (metric.type == MetricType::counter)
      section.report("other", "'other' is for gauges", "Counters always add up.");
  }
}

void read_stage_keys(Section& root, Definition& definition) {
  definition.publish_every = root.duration("publish_every");
  check_sampling(root, definition);
  read_top(root, definition);
  const bool derives = std::ranges::any_of(definition.metrics, [](const MetricDefinition& metric) {
    return metric.derivation != Derivation::none;
  });
  if (definition.pivot && (definition.top || derives))
    root.report_here("a pivot has no rows to remember: each is a metric of its own",
                     "Leave [top], accumulate, rate, time_left and lag out.");
}

std::string mistake_in_ranking(const Definition& definition, const std::string& by, std::string& hint) {
  if (definition.pivot)
    return "collector " + quoted(definition.name) + " has no rows to rank: each is a metric";
  if (labels_of_column(definition, by) != nullptr) {
    if (!labels_of_column(definition, by)->empty()) return "";
    return "the metric of column " + quoted(by) + " has no labels: there is one row";
  }
  std::vector<std::string_view> columns;
  for (const MetricDefinition& metric : definition.metrics)
    if (std::ranges::find(columns, metric.value) == columns.end()) columns.push_back(metric.value);
  hint = near_hint(by, columns);
  return "no metric of collector " + quoted(definition.name) + " shows a column " + quoted(by);
}

}  // namespace pgvigil::collectors
