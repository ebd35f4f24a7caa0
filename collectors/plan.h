#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "collectors/definition.h"
#include "collectors/expression.h"
#include "collectors/model/outcome.h"
#include "collectors/postgres/server_facts.h"

namespace pgvigil::collectors {

/// The label that no query gives: where the server was reached, as postgres_exporter writes it
/// ("127.0.0.1:5432"). A metric carries it when its definition lists it; in generation 0.15 every pg_ metric
/// does, as it did there.
inline constexpr std::string_view k_server_label = "server";

/// What one collector does on one server: the query for its version and role, and the metrics that it gives.
struct Plan {
  const Definition* definition = nullptr;
  const QueryDefinition* query = nullptr;
  std::vector<const MetricDefinition*> metrics;
  std::vector<Expression> values;   ///< of the metrics, in their order; then those of `hidden`
  std::vector<std::string> hidden;  ///< values that only the stages look at
  Generation generation = Generation::v0_20;
  std::string endpoint;     ///< the value of the label "server"
  std::string sql;          ///< of the query, with the schema of the extension put in
  std::string incarnation;  ///< tells this run of this server from others: counters of another do not go on
  std::shared_ptr<const TableSchema> schema;  ///< of the table that is published; empty for a pivot
  /// Of the table that the query gives: the metrics of `schema`, then those that only the stages look at.
  /// Empty for a pivot.
  std::shared_ptr<const TableSchema> raw_schema;
};

/// The labels that a metric has under this plan.
std::vector<std::string> labels_of(const MetricDefinition& metric, Generation generation);

/// What a server is asked: the query for its version and role.
struct Question {
  const QueryDefinition* query = nullptr;
  std::string sql;  ///< of the query, with the schema of the extension put in
};

/// Chooses the query for this server, or says why there is none. Points into `definition`, of which the
/// metrics do not matter.
std::variant<Question, Unsupported> question(const Definition& definition,
                                             const postgres::ServerFacts& facts,
                                             Generation generation);

/// Chooses the query and the metrics for this server, or says why there is none. Points into `definition`.
std::variant<Plan, Unsupported> plan(const Definition& definition,
                                     const postgres::ServerFacts& facts,
                                     Generation generation);

}  // namespace pgvigil::collectors
