#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "collectors/stages/top.h"

namespace pgvigil::collectors {

/// The rows that share one "other".
struct Top::Group {
  std::vector<std::string> labels;  // by TopPlan::groups
  std::vector<double> total;        // by counter: what "other" counted
  std::vector<bool> counted;        // by counter: some row has it
  bool is_new = true;               // in this run: where its counters stand says nothing of what they grew by
  bool is_shown = false;            // "other" stood in the table before
  bool is_here = false;             // in this run
  bool is_wanted = false;           // "other" is to stand in the table of this run
  std::vector<double>
      gauges;  // by metric: of the rows without a seat in this run; NaN where none has a value
};

/// What one table is worked on with.
struct Top::Run {
  const Table& table;
  double seconds = 0;               // since the run before; 0 at the first
  std::vector<std::uint32_t> rows;  // by row of the table: of TopRows
  std::vector<Group*> groups;       // by row
  std::vector<bool> ranked;         // by row: it has a value to rank by
  std::vector<bool> was_shown;      // by row: it had a seat in the table before
  std::vector<double> growth;       // counters_.size() a row
  std::size_t others = 0;           // rows without a seat
};

/// Whether the row has a value to rank by.
inline bool is_rankable(const Table& table, std::size_t row, std::size_t metric) {
  return table.has(row, metric) && !std::isnan(*table.value(row, metric));
}

}  // namespace pgvigil::collectors
