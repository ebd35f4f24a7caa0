#include "collectors/keys/metric.h"

#include <algorithm>
#include <set>

#include "collectors/expression.h"
#include "collectors/keys/metric_text.h"
#include "collectors/keys/range.h"
#include "collectors/keys/stages.h"
#include "collectors/model/names.h"

namespace pgvigil::collectors {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, 3> k_aggregate_words = {"none", "sum", "max"};
constexpr std::array<std::string_view, 3> k_type_words = {"gauge", "counter", "untyped"};

/// In the order of the enumerators from Unit::seconds on.
constexpr std::array<std::string_view, 6> k_unit_words = {"seconds", "milliseconds", "bytes",
                                                          "blocks",  "transactions", "ratio"};

/// Which rows a metric is of, and what becomes of several.
void read_rows(Section& section, const Definition& definition, MetricDefinition& metric) {
  metric.optional = section.boolean("optional").value_or(false);
  if (auto when = section.section("when")) {
    for (const auto& [column, glob] : when->string_map()) {
      const bool excludes = glob.starts_with('!');
      (excludes ? metric.when.emplace_back(column).exclude : metric.when.emplace_back(column).include)
          .push_back(glob.substr(excludes ? 1 : 0));
    }
    when->finish();
  }
  if (const auto word = section.choice("aggregate", k_aggregate_words))
    metric.aggregate = Aggregate{static_cast<std::uint8_t>(*word)};
  if (definition.pivot && metric.aggregate != Aggregate::none)
    section.report("aggregate", "a pivot's rows are metrics: there is nothing to aggregate");
}

bool is_column_of(const std::string& value, const std::string& label) {
  const auto expression = Expression::parse(value);
  return expression && std::ranges::find(expression->columns(), label) != expression->columns().end();
}

void check_labels(Section& section, const MetricDefinition& metric) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < metric.labels.size(); ++i) {
    const std::string& label = metric.labels[i];
    if (const auto name = LabelName::parse(label); !name)
      section.report_element("labels", i, name.error().message, name.error().hint);
    if (!seen.insert(label).second) section.report_element("labels", i, "label '" + label + "' stands twice");
    if (is_column_of(metric.value, label))
      section.report_element("labels", i, "column '" + label + "' is the value and a label",
                             "A label that changes with the value makes a new series each time.");
  }
}

}  // namespace

MetricDefinition read_metric(Section& section, Reading& reading) {
  MetricDefinition metric;
  read_range(section, reading, metric);
  if (section.require("name")) metric.name = section.string("name").value_or("");
  if (section.require("type"))
    if (const auto word = section.choice("type", k_type_words))
      metric.type = MetricType{static_cast<std::uint8_t>(*word)};
  if (const auto word = section.choice("unit", k_unit_words)) metric.unit = *parse_unit(k_unit_words[*word]);
  if (section.require("help")) metric.help = section.string("help").value_or("");
  read_value_keys(section, metric);
  read_rows(section, reading.definition, metric);
  metric.labels = section.strings("labels").value_or(std::vector<std::string>{});
  refuse_empty(section, {"name", "help"});
  check_metric_text(section, reading.definition, metric);
  check_labels(section, metric);
  section.finish();
  return metric;
}

}  // namespace pgvigil::collectors
