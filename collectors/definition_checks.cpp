#include "collectors/definition_checks.h"

#include <algorithm>
#include <array>

#include "collectors/model/names.h"

namespace pgvigil::collectors {
namespace {

constexpr std::array k_roles = {RoleFilter::primary, RoleFilter::standby};
constexpr std::array k_generations = {Generation::v0_20, Generation::v0_15, Generation::off};

bool is_in(const std::vector<Generation>& generations, Generation generation) {
  return generations.empty() || std::ranges::find(generations, generation) != generations.end();
}

bool takes(RoleFilter filter, RoleFilter role) {
  return filter == RoleFilter::any || filter == role;
}

bool is_for(const QueryDefinition& query, int major, RoleFilter role, Generation generation) {
  return query.versions.contains(major) && takes(query.role, role) && is_in(query.generations, generation);
}

/// The query that runs there, or null: the first that is for it. What an extension's version decides is taken for
/// `wanted` only: another server has another version.
const QueryDefinition* chosen(const Definition& definition,
                              int major,
                              RoleFilter role,
                              Generation generation,
                              const QueryDefinition* wanted = nullptr) {
  if (!takes(definition.role, role)) return nullptr;
  const auto found = std::ranges::find_if(definition.queries, [&](const QueryDefinition& query) {
    const bool certain = query.extension_versions == VersionRange{} || wanted == nullptr || wanted == &query;
    return certain && is_for(query, major, role, generation);
  });
  return found == definition.queries.end() ? nullptr : &*found;
}

/// The releases at which something begins or ends: all between two of them are alike.
std::vector<int> releases_of(const Definition& definition) {
  std::vector<int> releases = {1};
  for (const QueryDefinition& query : definition.queries) {
    releases.push_back(std::max(1, query.versions.first));
    releases.push_back(query.versions.last + 1);
  }
  for (const MetricDefinition& metric : definition.metrics)
    releases.push_back(std::max(1, metric.versions.first));
  std::ranges::sort(releases);
  const auto repeated = std::ranges::unique(releases);
  releases.erase(repeated.begin(), repeated.end());
  return releases;
}

/// Calls `visit(major, role, generation)` for every kind of server and setting; stops when it returns true.
template <typename Visit>
bool anywhere(const std::vector<int>& releases, Visit visit) {
  for (const int major : releases)
    for (RoleFilter role : k_roles)
      for (Generation generation : k_generations)
        if (visit(major, role, generation)) return true;
  return false;
}

void check_queries(const Definition& definition, const Complain& complain) {
  const auto releases = releases_of(definition);
  for (const QueryDefinition& query : definition.queries) {
    const bool used = anywhere(releases, [&](int major, RoleFilter role, Generation generation) {
      return chosen(definition, major, role, generation, &query) == &query;
    });
    if (used) continue;
    const bool fits_role =
        definition.role == RoleFilter::any || query.role == RoleFilter::any || definition.role == query.role;
    if (!fits_role)
      complain(query.line, "this query is never used: the collector runs on the other role only", "");
    else
      complain(
          query.line, "this query is never used: those before it take all its versions",
          "The first query that fits the server is taken: put the special one first, or narrow the others.");
  }
}

void check_metrics(const Definition& definition, const Complain& complain) {
  const auto releases = releases_of(definition);
  for (const MetricDefinition& metric : definition.metrics) {
    const bool exported = anywhere(releases, [&](int major, RoleFilter role, Generation generation) {
      return metric.versions.contains(major) && is_in(metric.generations, generation) &&
             chosen(definition, major, role, generation) != nullptr;
    });
    if (!exported && !metric.name.empty() && !definition.queries.empty())
      complain(metric.line, "metric '" + metric.name + "' is never exported: no query is for its versions",
               "");
  }
  for (auto later = definition.metrics.begin(); later != definition.metrics.end(); ++later) {
    const auto same = [&](const MetricDefinition& other) {
      return !other.name.empty() && other.name == later->name && overlap(other, *later);
    };
    const auto earlier = std::find_if(definition.metrics.begin(), later, same);
    if (earlier != later)
      complain(later->line,
               "metric '" + later->name + "' is in line " + std::to_string(earlier->line) + " already",
               "Remove one, or give them versions or compatibility that do not overlap.");
  }
}

/// Whether the words of a name, which '_' separates, hold `word` (itself one or more words).
bool has_word(std::string_view name, std::string_view word) {
  return ("_" + std::string(name) + "_").contains("_" + std::string(word) + "_");
}

bool is_column(std::string_view text) {
  return LabelName::parse(text).has_value();
}

}  // namespace

bool overlap(const MetricDefinition& a, const MetricDefinition& b) {
  if (a.versions.last < b.versions.first || b.versions.last < a.versions.first) return false;
  return std::ranges::any_of(k_generations, [&](Generation generation) {
    return is_in(a.generations, generation) && is_in(b.generations, generation);
  });
}

namespace {

/// Where some metrics group rows and others do not, the others would lose all rows of a group but one.
void check_aggregates(const Definition& definition, const Complain& complain) {
  const auto is_plain = [](const MetricDefinition& metric) { return metric.aggregate == Aggregate::none; };
  if (std::ranges::all_of(definition.metrics, is_plain)) return;
  for (const MetricDefinition& metric : definition.metrics)
    if (is_plain(metric))
      complain(metric.line,
               "metric '" + metric.name + "' has no 'aggregate' and others of the collector have one",
               "Say how the values of several rows become one: \"sum\" or \"max\".");
}

}  // namespace

void check_whole(const Definition& definition, const Complain& complain) {
  check_aggregates(definition, complain);
  check_queries(definition, complain);
  check_metrics(definition, complain);
}

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

std::optional<std::vector<std::string>> columns_of_pattern(std::string_view pattern) {
  std::vector<std::string> columns;
  while (!pattern.empty()) {
    const std::size_t open = pattern.find_first_of("{}");
    if (open == std::string_view::npos) break;
    const std::size_t close = pattern.find_first_of("{}", open + 1);
    if (pattern[open] == '}' || close == std::string_view::npos || pattern[close] == '{') return std::nullopt;
    columns.emplace_back(pattern.substr(open + 1, close - open - 1));
    if (!is_column(columns.back())) return std::nullopt;
    pattern.remove_prefix(close + 1);
  }
  return columns;
}

}  // namespace pgvigil::collectors
