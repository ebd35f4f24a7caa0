#include "collectors/definition_checks.h"

#include <algorithm>
#include <array>

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

/// The query that runs there, or null: the first that is for it. What an extension's version decides is taken
/// for `wanted` only: another server has another version.
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

bool overlap(const MetricDefinition& a, const MetricDefinition& b) {
  if (a.versions.last < b.versions.first || b.versions.last < a.versions.first) return false;
  return std::ranges::any_of(k_generations, [&](Generation generation) {
    return is_in(a.generations, generation) && is_in(b.generations, generation);
  });
}

void check_whole(const Definition& definition, const Complain& complain) {
  check_aggregates(definition, complain);
  check_queries(definition, complain);
  check_metrics(definition, complain);
}

}  // namespace pgvigil::collectors
