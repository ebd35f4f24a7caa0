#pragma once

#include "collectors/model/table_builder.h"
#include "collectors/rows.h"
#include "collectors/rows/label_reader.h"

namespace pgvigil::collectors {

/// A row of the result is a row of the table.
class TableRows final : public PlanRows {
 public:
  TableRows(const Plan& plan, const CollectLimits& limits);
  void row(const Row& row) override;
  void mark() override { mark_ = builder_.mark(); }
  bool keep(const Table& older,
            std::string_view label,
            const std::function<bool(std::string_view)>& stays) override;
  Table finish(Timestamp taken_at) override { return std::move(builder_).finish(taken_at); }

 protected:
  std::expected<void, Error> map_columns() override { return labels_.begin(); }
  void take_back_rows() override { builder_.take_back(mark_); }

 private:
  void copy(const Table& older, std::size_t row);

  LabelReader labels_;
  TableBuilder builder_;
  TableBuilder::Mark mark_;
};

}  // namespace pgvigil::collectors
