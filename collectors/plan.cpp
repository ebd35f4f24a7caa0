#include "collectors/plan.h"

#include <algorithm>

namespace pgvigil::collectors {
namespace {

using postgres::Role;
using postgres::ServerFacts;

bool in_generation(const std::vector<Generation>& generations, Generation generation) {
  return generations.empty() || std::ranges::find(generations, generation) != generations.end();
}

bool fits(RoleFilter filter, Role role) {
  switch (filter) {
    case RoleFilter::any:
      return true;
    case RoleFilter::primary:
      return role == Role::primary;
    case RoleFilter::standby:
      return role == Role::standby;
  }
  return false;
}

/// An identifier as SQL wants it.
std::string quoted(std::string_view name) {
  std::string text = "\"";
  for (char c : name) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

/// The statement that adds a library to those that are preloaded.
std::string preload_sql(const std::string& library, const std::vector<std::string>& others) {
  std::string sql = "ALTER SYSTEM SET shared_preload_libraries = ";
  for (const std::string& other : others)
    sql += "'" + other + "', ";
  return sql + "'" + library + "';";
}

/// The version of the extension that the collector needs, as pooler_release(): 109 for "1.9". 0 without one.
int extension_release(const Definition& definition, const ServerFacts& facts) {
  const postgres::Extension* extension = facts.find_extension(definition.extension);
  if (extension == nullptr) return 0;
  const auto version = parse_versions(extension->version, ServerKind::pgbouncer);
  return version ? version->first : 0;
}

const QueryDefinition* choose_query(const Definition& definition,
                                    const ServerFacts& facts,
                                    Generation generation) {
  const auto query = std::ranges::find_if(definition.queries, [&](const QueryDefinition& candidate) {
    return candidate.versions.contains(facts.release()) && fits(candidate.role, facts.role) &&
           candidate.extension_versions.contains(extension_release(definition, facts)) &&
           in_generation(candidate.generations, generation);
  });
  return query == definition.queries.end() ? nullptr : &*query;
}

std::string versions_of(const Definition& definition) {
  int first = 1000;
  int last = 0;
  for (const auto& query : definition.queries) {
    first = std::min(first, query.versions.first);
    last = std::max(last, query.versions.last);
  }
  const std::string begin = release_text(definition.kind, first);
  return begin + (last >= VersionRange{}.last ? " or later" : " to " + release_text(definition.kind, last));
}

Unsupported no_query(const Definition& definition, const ServerFacts& facts) {
  const bool version_fits = std::ranges::any_of(
      definition.queries, [&](const auto& query) { return query.versions.contains(facts.release()); });
  const bool extension_fits = std::ranges::any_of(definition.queries, [&](const auto& query) {
    return query.extension_versions.contains(extension_release(definition, facts));
  });
  if (version_fits && !extension_fits)
    return {"needs a newer " + definition.extension + " than " +
                facts.find_extension(definition.extension)->version,
            "ALTER EXTENSION " + quoted(definition.extension) + " UPDATE;"};
  if (version_fits) return {"not for a " + std::string(to_string(facts.role)), ""};
  return {"needs " + std::string(to_string(definition.kind)) + " " + versions_of(definition) + ", this is " +
              release_text(facts.kind, facts.release()),
          ""};
}

/// The query as this server is asked: {extension_schema} is where the extension was installed to.
std::string sql_for(const Definition& definition, const QueryDefinition& query, const ServerFacts& facts) {
  const postgres::Extension* extension = facts.find_extension(definition.extension);
  std::string sql = query.sql;
  if (extension == nullptr) return sql;
  const std::string schema = quoted(extension->schema);
  for (std::size_t at = sql.find(k_extension_schema); at != std::string::npos;
       at = sql.find(k_extension_schema, at + schema.size()))
    sql.replace(at, k_extension_schema.size(), schema);
  return sql;
}

std::uint16_t position_of(std::vector<LabelName>& labels, std::string_view name) {
  const auto found = std::ranges::find(labels, name, &LabelName::text);
  const auto position = static_cast<std::uint16_t>(found - labels.begin());
  // The definition was validated: its names parse.
  if (found == labels.end()) labels.push_back(*LabelName::parse(name));
  return position;
}

TableSchema schema_of(const Plan& plan) {
  TableSchema schema;
  for (const MetricDefinition* metric : plan.metrics) {
    Metric column{MetricName::from(metric->name), metric->type, metric->unit, metric->help, {}};
    for (const auto& label : labels_of(*metric, plan.generation))
      column.labels.push_back(position_of(schema.labels, label));
    schema.metrics.push_back(std::move(column));
  }
  return schema;
}

/// Lays out the columns: those that are published, then those that only the stages look at.
void set_schemas(Plan& plan) {
  plan.schema = plan.raw_schema = std::make_shared<const TableSchema>(schema_of(plan));
  TableSchema raw = *plan.schema;
  for (std::size_t i = 0; i < plan.metrics.size(); ++i) {
    for (const std::string& column : plan.metrics[i]->beside) {
      if (std::ranges::find(plan.hidden, column) != plan.hidden.end()) continue;
      plan.hidden.push_back(column);
      plan.values.push_back(*Expression::parse(column));
      raw.metrics.push_back(
          {MetricName::from(column), MetricType::gauge, Unit::none, "", plan.schema->metrics[i].labels});
    }
  }
  if (!plan.hidden.empty()) plan.raw_schema = std::make_shared<const TableSchema>(std::move(raw));
}

std::string incarnation_of(const ServerFacts& facts) {
  return facts.system_identifier + "/" + std::to_string(facts.postmaster_start.time_since_epoch().count()) +
         "/" + std::to_string(facts.session);
}

}  // namespace

std::vector<std::string> labels_of(const MetricDefinition& metric, Generation generation) {
  auto labels = metric.labels;
  const bool has_server = std::ranges::find(labels, k_server_label) != labels.end();
  if (generation == Generation::v0_15 && metric.name.starts_with("pg_") && !has_server)
    labels.emplace_back(k_server_label);
  return labels;
}

std::variant<Question, Unsupported> question(const Definition& definition,
                                             const ServerFacts& facts,
                                             Generation generation) {
  if (definition.kind != facts.kind)
    return Unsupported{"is for " + std::string(to_string(definition.kind)) + ", this is " +
                           std::string(to_string(facts.kind)),
                       ""};
  if (!fits(definition.role, facts.role))
    return Unsupported{"not for a " + std::string(to_string(facts.role)), ""};
  if (!definition.extension.empty() && !facts.has_extension(definition.extension))
    return Unsupported{"needs the extension " + definition.extension + " in database " + facts.database,
                       "CREATE EXTENSION " + quoted(definition.extension) + ";"};
  if (!definition.preload.empty() && facts.lacks_library(definition.preload))
    return Unsupported{
        "needs " + definition.preload + " in shared_preload_libraries, which takes a restart of the server",
        preload_sql(definition.preload, *facts.preloaded)};
  if (!definition.needs.empty() && !facts.has_role(definition.needs))
    return Unsupported{"needs the role " + definition.needs,
                       "GRANT " + definition.needs + " TO " + quoted(facts.user) + ";"};
  const QueryDefinition* query = choose_query(definition, facts, generation);
  if (query == nullptr) return no_query(definition, facts);
  return Question{query, sql_for(definition, *query, facts)};
}

std::variant<Plan, Unsupported> plan(const Definition& definition,
                                     const ServerFacts& facts,
                                     Generation generation) {
  auto asked = question(definition, facts, generation);
  if (auto* unsupported = std::get_if<Unsupported>(&asked)) return std::move(*unsupported);
  auto& [query, sql] = std::get<Question>(asked);
  Plan chosen{.definition = &definition,
              .query = query,
              .generation = generation,
              .endpoint = facts.endpoint,
              .sql = std::move(sql),
              .incarnation = incarnation_of(facts)};
  for (const MetricDefinition& metric : definition.metrics)
    if (metric.versions.contains(facts.release()) && in_generation(metric.generations, generation))
      chosen.metrics.push_back(&metric);
  if (chosen.metrics.empty())
    return Unsupported{"has no metric for " + std::string(to_string(facts.kind)) + " " +
                           release_text(facts.kind, facts.release()),
                       ""};
  // The definition was validated: its values parse.
  for (const MetricDefinition* metric : chosen.metrics)
    chosen.values.push_back(*Expression::parse(metric->value));
  if (!definition.pivot) set_schemas(chosen);
  return chosen;
}

}  // namespace pgvigil::collectors
