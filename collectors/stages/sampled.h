#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "collectors/stages/stage.h"

namespace pgvigil::collectors {

/// What a Sampled does with the columns of one schema.
struct SampledPlan {
  std::vector<std::size_t> metrics;  ///< that are added up
  std::chrono::milliseconds every;   ///< how often a sample is taken
  std::size_t max_rows = 0;          ///< that are remembered; further ones are counted as over the limit
};

/// Adds up, row by row, a number that was seen times the seconds since the sample before (of two intervals at
/// the most): sessions that wait become seconds waited. A row that is not seen keeps its sum for
/// k_row_memory.
class Sampled final : public Stage {
 public:
  explicit Sampled(SampledPlan plan) : plan_(std::move(plan)) {}

  /// Takes a sample.
  void add(const Table& table);
  /// All rows that are remembered, as of the last sample. A row that is new reads 0 in its first table, for
  /// nobody could tell what a series grew by before that; it tells the rest in the next.
  Table sums();

  Table apply(Table table) override;
  void forget_counters() override { last_.reset(); }

 private:
  struct Row {
    std::vector<std::string> labels;
    std::vector<double> sums;  // by plan_.metrics
    std::vector<bool> counted;
    bool shown = false;
    Timestamp seen{};
  };

  SampledPlan plan_;
  std::shared_ptr<const TableSchema> schema_;
  LeftOut left_out_;
  std::optional<Timestamp> last_;
  std::unordered_map<RowKey, Row> rows_;
};

}  // namespace pgvigil::collectors
