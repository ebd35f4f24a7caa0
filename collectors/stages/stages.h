#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collectors/plan.h"
#include "collectors/sql_collector.h"
#include "collectors/stages/sampled.h"
#include "collectors/stages/stage.h"

namespace pgvigil::collectors {

/// What stands between the rows of one collector on one server and the table that is published, kept from run
/// to run. Not thread-safe.
///
///     Table raw = std::move(collector).finish(now);
///     if (auto table = stages.apply(plan, std::move(raw))) publish(*table);
class Stages {
 public:
  explicit Stages(const CollectLimits& limits) : limits_(limits) {}

  /// The table to publish; nothing when it is not time for one (`publish_every`). A plan that reads other
  /// rows or gives other metrics than the one before begins anew, and a server that was restarted has its
  /// counters forgotten.
  std::optional<Table> apply(const Plan& plan, Table raw);

 private:
  void make(const Plan& plan);
  bool is_due(const Plan& plan, Timestamp now);

  CollectLimits limits_;
  std::shared_ptr<const TableSchema> raw_schema_;  // of the plan that the stages were made for
  std::string query_;
  std::string incarnation_;
  std::unique_ptr<Sampled> sampled_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::optional<Timestamp> published_;
};

}  // namespace pgvigil::collectors
