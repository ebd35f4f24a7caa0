#include "collectors/keys/metric_text.h"

#include <algorithm>

#include "collectors/model/names.h"

namespace pgvigil::collectors {
namespace {

/// Shorter help says no more than the name does.
constexpr std::size_t k_least_help = 15;

/// Whether the words of a name, which '_' separates, hold `word` (itself one or more words).
bool has_word(std::string_view name, std::string_view word) {
  return ("_" + std::string(name) + "_").contains("_" + std::string(word) + "_");
}

/// What is wrong with the name, type and unit of a metric of pgvigil's own: empty when all is well.
std::string naming_mistake(const MetricDefinition& metric) {
  if (!metric.name.starts_with("pgvigil_")) return "";
  const std::string quoted = "'" + metric.name + "'";
  const bool ends_in_total = metric.name.ends_with("_total");
  if (metric.type == MetricType::counter && !ends_in_total)
    return "counter " + quoted + " must end in '_total'";
  if (metric.type != MetricType::counter && ends_in_total)
    return quoted + " ends in '_total' and is no counter";
  if (metric.unit == Unit::milliseconds) return quoted + " must be in seconds";
  const std::string unit(to_string(metric.unit));
  const bool is_base_unit =
      metric.unit == Unit::seconds || metric.unit == Unit::bytes || metric.unit == Unit::ratio;
  if (is_base_unit && !has_word(metric.name, unit))
    return quoted + " must have its unit in its name: '_" + unit + "'";
  std::string_view stem = metric.name;
  if (ends_in_total) stem.remove_suffix(std::string_view("_total").size());
  for (Unit other : {Unit::seconds, Unit::milliseconds, Unit::bytes, Unit::ratio})
    if (other != metric.unit && stem.ends_with("_" + std::string(to_string(other))))
      return quoted + " must have unit = \"" + std::string(to_string(other)) + "\"";
  return "";
}

/// The columns that the pattern names in braces. Nothing when the braces are not in pairs or do not hold a
/// column name.
std::optional<std::vector<std::string>> columns_of_pattern(std::string_view pattern) {
  std::vector<std::string> columns;
  while (!pattern.empty()) {
    const std::size_t open = pattern.find_first_of("{}");
    if (open == std::string_view::npos) break;
    const std::size_t close = pattern.find_first_of("{}", open + 1);
    if (pattern[open] == '}' || close == std::string_view::npos || pattern[close] == '{') return std::nullopt;
    columns.emplace_back(pattern.substr(open + 1, close - open - 1));
    if (!LabelName::parse(columns.back())) return std::nullopt;
    pattern.remove_prefix(close + 1);
  }
  return columns;
}

void check_name(Section& section, const Definition& definition, const MetricDefinition& metric) {
  if (metric.name.empty()) return;
  const auto columns = columns_of_pattern(metric.name);
  if (!columns)
    return section.report("name", "bad pattern '" + metric.name + "'",
                          "A column's name stands in braces: \"pg_settings_{name}\".");
  if (!definition.pivot && !columns->empty())
    return section.report("name", "'" + metric.name + "' is a pattern and the collector has no pivot",
                          "Write pivot = true above the first [[query]].");
  if (definition.pivot && columns->empty())
    return section.report(
        "name", "'" + metric.name + "' names no column and the collector has pivot = true",
        "Each row is a metric of its own: put a column into the name, as \"pg_settings_{name}\".");
  std::string fixed = metric.name;
  std::erase_if(fixed, [](char c) { return c == '{' || c == '}'; });
  if (const auto name = MetricName::parse(fixed); !name)
    return section.report("name", "bad metric name '" + metric.name + "'", name.error().hint);
  if (const std::string mistake = naming_mistake(metric); !mistake.empty()) section.report("name", mistake);
}

void check_help(Section& section, const Definition& definition, const MetricDefinition& metric) {
  if (metric.help.empty()) return;
  if (definition.pivot) {
    const auto columns = columns_of_pattern(metric.help);
    if (!columns)
      return section.report(
          "help", "bad pattern in the help of '" + metric.name + "'",
          "A column's name stands in braces: \"Server parameter {name}, from pg_settings.\"");
    const bool is_column = columns->size() == 1 && metric.help == "{" + columns->front() + "}";
    if (is_column) return;
  }
  if (metric.help.contains('\n')) return section.report("help", "help has more than one line");
  if (metric.help.size() < k_least_help || !metric.help.ends_with('.'))
    section.report("help", "help of '" + metric.name + "' is not a sentence",
                   "Say what is counted and from which view, in at least " + std::to_string(k_least_help) +
                       " characters, and end it with a full stop.");
}

}  // namespace

void check_metric_text(Section& section, const Definition& definition, const MetricDefinition& metric) {
  check_name(section, definition, metric);
  check_help(section, definition, metric);
}

}  // namespace pgvigil::collectors
