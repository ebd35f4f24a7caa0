#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "collectors/definition.h"
#include "collectors/stages/ranking.h"
#include "collectors/stages/stage.h"
#include "collectors/stages/top_rows.h"

namespace pgvigil {
class TableBuilder;
}

namespace pgvigil::collectors {

/// What a Top does with the columns of one schema.
struct TopPlan {
  std::size_t rows = 0;             ///< kept in each group; 0: only so few that max_series is kept
  std::size_t max_series = 0;       ///< of the table that it gives
  std::vector<std::size_t> by;      ///< metrics to rank by
  std::vector<std::size_t> groups;  ///< labels whose values have an "other" of their own each
  std::vector<std::size_t> same;    ///< labels that read the same in all rows
  std::vector<std::size_t> merged;  ///< labels that read "other" in such a row
  std::vector<OtherRule> other;     ///< by metric, for those that are no counters
};

/// Keeps the top rows, and aggregates all others of a group into one row called "other".
///
/// Counters stay true: what a row grows by goes either to its own series or to that of "other", whichever
/// stands in this table and in the one before. So the rates of all series add up to the true one while rows
/// come and go, and no series ever falls. A row that comes back goes on where it left.
class Top final : public Stage {
 public:
  explicit Top(TopPlan plan);
  ~Top() override;
  Table apply(Table table) override;
  void forget_counters() override;

 private:
  struct Group;
  struct Run;
  void learn_counters(const TableSchema& schema);
  const Seat& seat(const Run& run, std::size_t row) const;
  Group& group_of(const Run& run, std::size_t row);
  void look(Run& run);
  void take_counters(Run& run, std::size_t row, bool is_new);
  void choose(Run& run);
  void give_seats_among(Run& run, const std::vector<std::size_t>& rows, std::size_t count);
  std::size_t affordable(const Run& run) const;
  void settle(Run& run);
  void add_gauges(Run& run, std::size_t row);
  void settle_row(Run& run, std::size_t row);
  Table build(Run& run);
  void add_row(const Run& run, std::size_t row, TableBuilder& builder) const;
  void add_other(const Run& run, Group& group, TableBuilder& builder) const;

  TopPlan plan_;
  std::vector<std::size_t> counters_;  // metrics; found in the first table
  std::optional<TopRows> rows_;        // the same
  std::map<std::vector<std::string>, Group> groups_;
  Timestamp last_run_{};
  bool begun_ = false;      // a table went through
  bool active_ = false;     // the limit was near once, or there is a fixed number of rows
  bool forgotten_ = false;  // the next run only learns where the counters stand
};

}  // namespace pgvigil::collectors
