#include "agent/config/collector_sections.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/options.h"
#include "collectors/keys/stages.h"

namespace pgvigil::agent {
namespace {

using collectors::Definition;
using collectors::LabelFilter;

std::optional<std::string> near_hint(std::string_view word, const std::vector<std::string_view>& words) {
  const std::string_view near = nearest(word, words);
  if (near.empty()) return std::nullopt;
  return "Did you mean '" + std::string(near) + "'?";
}

std::string list_of(const std::vector<std::string_view>& words) {
  std::string list;
  for (const std::string_view word : words)
    list += (list.empty() ? "" : ", ") + std::string(word);
  return list;
}

std::vector<std::string_view> names_of(const std::vector<Definition>& definitions) {
  std::vector<std::string_view> names;
  for (const Definition& definition : definitions)
    names.push_back(definition.name);
  return names;
}

std::vector<std::string_view> labels_of(const Definition& definition) {
  std::vector<std::string_view> labels;
  for (const auto& metric : definition.metrics)
    for (const std::string& label : metric.labels)
      if (std::ranges::find(labels, label) == labels.end()) labels.push_back(label);
  return labels;
}

/// Whether rows can be filtered by `label`; reports why not.
bool check_label(Section& section, const std::string& label, const Definition& definition) {
  if (definition.pivot) {
    section.report_key(
        label, "collector '" + definition.name + "' has no rows to filter: each is a metric of its own");
    return false;
  }
  const auto labels = labels_of(definition);
  if (std::ranges::find(labels, label) != labels.end()) return true;
  section.report_key(label, "collector '" + definition.name + "' has no label '" + label + "'",
                     near_hint(label, labels).value_or("Its labels: " + list_of(labels) + "."));
  return false;
}

/// The labels by which some collector can be filtered.
std::vector<std::string_view> labels_of(const std::vector<Definition>& definitions) {
  std::vector<std::string_view> all;
  for (const Definition& definition : definitions)
    if (!definition.pivot)
      for (const std::string_view label : labels_of(definition))
        if (std::ranges::find(all, label) == all.end()) all.push_back(label);
  return all;
}

/// "a*" includes, "!b*" excludes.
LabelFilter read_filter(Section& section, const std::string& label) {
  LabelFilter filter{label, {}, {}};
  const auto globs = section.strings(label).value_or(std::vector<std::string>{});
  for (std::size_t i = 0; i < globs.size(); ++i) {
    const bool excludes = globs[i].starts_with('!');
    const std::string glob = globs[i].substr(excludes ? 1 : 0);
    if (globs[i] == "!") section.report_element(label, i, "an empty glob");
    (excludes ? filter.exclude : filter.include).push_back(glob);
  }
  return filter;
}

std::vector<LabelFilter> read_filters(Section section, const Definition* definition) {
  std::vector<LabelFilter> filters;
  for (const std::string& label : section.keys()) {
    if (definition != nullptr && !check_label(section, label, *definition)) continue;
    filters.push_back(read_filter(section, label));
  }
  return filters;
}

/// Whether the rows can be ranked as the section wants; reports why not.
void check_top(Section& section, const CollectorConfig& changes, const Definition& definition) {
  if (changes.top && !changes.top_by && !definition.top)
    section.report("top",
                   "the definition of collector '" + definition.name + "' does not say what to rank by",
                   "Write top_by = [\"...\"] with a column of it.");
  for (std::size_t i = 0; changes.top_by && i < changes.top_by->size(); ++i) {
    std::string hint;
    const std::string mistake = collectors::mistake_in_ranking(definition, (*changes.top_by)[i], hint);
    if (!mistake.empty()) section.report_element("top_by", i, mistake, hint);
  }
}

void apply(const CollectorConfig& changes, Definition& definition) {
  definition.enabled = changes.enabled.value_or(definition.enabled);
  definition.every = changes.every.value_or(definition.every);
  definition.timeout = changes.timeout.value_or(definition.timeout);
  if (!changes.top && !changes.top_by) return;
  if (!definition.top) definition.top.emplace();
  if (changes.top) definition.top->rows = changes.top;
  if (changes.top_by) definition.top->by = *changes.top_by;
}

}  // namespace

void read_collector_sections(Section collectors, bool complete, Config& config) {
  const auto options = collector_options();
  for (auto& [name, section] : collectors.children()) {
    const auto definition = std::ranges::find(config.definitions, name, &Definition::name);
    const bool is_known = definition != config.definitions.end();
    if (complete && !is_known)
      collectors.report_key(name, "there is no collector '" + name + "'",
                            near_hint(name, names_of(config.definitions)).value_or(""));
    CollectorConfig changes;
    read_options(section, options, changes);
    if (const auto filters = section.section("filter"))
      changes.filters = read_filters(*filters, is_known ? &*definition : nullptr);
    if (is_known) check_top(section, changes, *definition);
    section.finish();
    if (is_known) apply(changes, *definition);
    config.collectors.emplace(name, std::move(changes));
  }
}

void read_general_filters(Section filter, bool complete, Config& config) {
  const auto labels = labels_of(config.definitions);
  for (const std::string& label : filter.keys()) {
    if (complete && std::ranges::find(labels, label) == labels.end())
      filter.report_key(label, "no collector has a label '" + label + "'",
                        near_hint(label, labels).value_or("docs/metrics.md lists the labels."));
    config.filters.push_back(read_filter(filter, label));
  }
}

}  // namespace pgvigil::agent
