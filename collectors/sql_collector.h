#pragma once

#include <expected>
#include <memory>

#include "collectors/model/table.h"
#include "collectors/plan.h"
#include "collectors/postgres/connection.h"
#include "collectors/rows.h"

namespace pgvigil::collectors {

/// One run of a plan: the rows of one database, or of several, become one table. Not thread-safe.
class SqlCollector {
 public:
  /// `plan` and `limits` must outlive the run.
  SqlCollector(const Plan& plan, const CollectLimits& limits);
  SqlCollector(SqlCollector&&) noexcept;
  ~SqlCollector();

  /// Begins with rows of an older table, see PlanRows::keep().
  bool keep(const Table& older, std::string_view label, const std::function<bool(std::string_view)>& stays);

  /// Runs the query and takes its rows. Call it once a database. On an error none of these rows stays.
  std::expected<void, Error> collect(postgres::Connection& connection,
                                     const postgres::Manners& manners,
                                     Deadline deadline);

  Table finish(Timestamp taken_at) &&;

 private:
  const Plan& plan_;
  std::unique_ptr<PlanRows> rows_;
};

}  // namespace pgvigil::collectors
