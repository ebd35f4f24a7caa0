#include "collectors/sql_collector.h"

namespace pgvigil::collectors {

SqlCollector::SqlCollector(const Plan& plan, const CollectLimits& limits)
    : plan_(plan), rows_(make_rows(plan, limits)) {}

SqlCollector::SqlCollector(SqlCollector&&) noexcept = default;
SqlCollector::~SqlCollector() = default;

std::expected<void, Error> SqlCollector::collect(postgres::Connection& connection,
                                                 const postgres::Manners& manners,
                                                 Deadline deadline) {
  auto outcome = connection.query(plan_.sql, manners, deadline, *rows_);
  if (outcome && rows_->fault()) return std::unexpected(*rows_->fault());
  return outcome;
}

Table SqlCollector::finish(Timestamp taken_at) && {
  return rows_->finish(taken_at);
}

}  // namespace pgvigil::collectors
