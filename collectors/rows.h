#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "collectors/cells.h"
#include "collectors/label_filter.h"
#include "collectors/model/row.h"
#include "collectors/model/table.h"
#include "collectors/plan.h"

namespace pgvigil::collectors {

struct CollectLimits {
  std::size_t max_series = 200'000;
  std::vector<LabelFilter> filters;
};

/// Makes a table of the rows of one result, or of several one after the other, as a plan says. Not
/// thread-safe.
class PlanRows : public RowHandler {
 public:
  PlanRows(const Plan& plan, const CollectLimits& limits)
      : plan_(plan), limits_(limits), reader_(plan, columns_) {}

  std::expected<void, Error> begin(std::span<const std::string_view> names) final;
  /// The first thing that went wrong in a row.
  const std::optional<Error>& fault() const { return reader_.fault(); }
  /// What comes from here on can be taken back.
  virtual void mark() = 0;
  /// Forgets everything since the last mark, its fault included.
  void take_back() {
    reader_.forgive();
    take_back_rows();
  }
  /// Begins with the rows of an older table of this plan whose text of `label` `stays` accepts. False when
  /// the table has another shape, or no such label.
  virtual bool keep(const Table& older,
                    std::string_view label,
                    const std::function<bool(std::string_view)>& stays);
  virtual Table finish(Timestamp taken_at) = 0;

 protected:
  virtual void take_back_rows() = 0;
  virtual std::expected<void, Error> map_columns() = 0;
  bool is_skipped(const Row& row) const { return skip_column_ && row.text(*skip_column_) == "t"; }
  /// Of a table. Rows that a stage ranks have to be read first: it keeps the limit.
  std::size_t most_series() const;

  const Plan& plan_;
  const CollectLimits& limits_;
  Columns columns_;
  MetricReader reader_;

 private:
  std::optional<std::size_t> skip_column_;
};

/// A row is a row, a group of rows or, of a pivot, a metric. `plan` and `limits` must outlive it.
std::unique_ptr<PlanRows> make_rows(const Plan& plan, const CollectLimits& limits);

}  // namespace pgvigil::collectors
