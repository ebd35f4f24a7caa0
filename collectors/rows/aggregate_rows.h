#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collectors/model/table_builder.h"
#include "collectors/rows.h"
#include "collectors/rows/label_reader.h"

namespace pgvigil::collectors {

/// Rows with the same labels become one: a console that cannot count gives a row for every client.
class AggregateRows final : public PlanRows {
 public:
  AggregateRows(const Plan& plan, const CollectLimits& limits);
  void row(const Row& row) override;
  void mark() override { marked_ = {groupings_, series_}; }
  Table finish(Timestamp taken_at) override;

 protected:
  std::expected<void, Error> map_columns() override { return labels_.begin(); }
  void take_back_rows() override;

 private:
  /// The metrics with the same labels, and their values by the labels' texts, of which each ends in a 0 byte.
  struct Grouping {
    std::vector<std::uint16_t> labels;
    std::vector<std::size_t> metrics;
    std::map<std::string, std::vector<std::optional<double>>> groups;
  };

  void add(Grouping& grouping, const Row& row);
  static void add_group(TableBuilder& builder,
                        const Grouping& grouping,
                        std::string_view key,
                        const std::vector<std::optional<double>>& values);

  LabelReader labels_;
  std::vector<Grouping> groupings_;
  std::size_t series_ = 0;
  std::pair<std::vector<Grouping>, std::size_t> marked_;
  LeftOut left_out_;
};

}  // namespace pgvigil::collectors
