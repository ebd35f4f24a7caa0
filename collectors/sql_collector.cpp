#include "collectors/sql_collector.h"

namespace pgvigil::collectors {

SqlCollector::SqlCollector(const Plan& plan, const CollectLimits& limits)
    : plan_(plan), rows_(make_rows(plan, limits)) {}

SqlCollector::SqlCollector(SqlCollector&&) noexcept = default;
SqlCollector::~SqlCollector() = default;

bool SqlCollector::keep(const Table& older,
                        std::string_view label,
                        const std::function<bool(std::string_view)>& stays) {
  return rows_->keep(older, label, stays);
}

std::expected<void, Error> SqlCollector::collect(postgres::Connection& connection,
                                                 const postgres::Manners& manners,
                                                 Deadline deadline) {
  rows_->mark();
  auto outcome = connection.query(plan_.sql, manners, deadline, *rows_);
  if (outcome && rows_->fault()) outcome = std::unexpected(*rows_->fault());
  if (!outcome) rows_->take_back();
  return outcome;
}

Table SqlCollector::finish(Timestamp taken_at) && {
  return rows_->finish(taken_at);
}

}  // namespace pgvigil::collectors
