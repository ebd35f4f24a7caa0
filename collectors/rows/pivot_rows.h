#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "collectors/rows.h"

namespace pgvigil::collectors {

/// Each row is a metric of its own: its name and help are patterns over the columns. The table has one row.
class PivotRows final : public PlanRows {
 public:
  PivotRows(const Plan& plan, const CollectLimits& limits);
  void row(const Row& row) override;
  void mark() override { marked_ = values_.size(); }
  Table finish(Timestamp taken_at) override;

 protected:
  std::expected<void, Error> map_columns() override { return {}; }
  void take_back_rows() override;

 private:
  void add(const MetricDefinition& metric, const Row& row, double value);
  /// `pattern` with every {column} replaced by the row's text.
  std::string filled(std::string_view pattern, const Row& row) const;

  std::shared_ptr<TableSchema> schema_;
  std::vector<double> values_;
  std::set<std::string, std::less<>> names_;
  std::size_t marked_ = 0;
  LeftOut left_out_;
};

}  // namespace pgvigil::collectors
