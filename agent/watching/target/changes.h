#pragma once

#include <string>
#include <vector>

#include "collectors/model/table.h"

namespace pgvigil::agent {

/// A series that reads another value than before.
struct Change {
  std::string series;  ///< `pg_settings_work_mem_bytes`, with its labels where it has some
  double before = 0;
  double now = 0;
};

/// The series of both tables whose values differ, in the order of `after`: `most` of them at the most. Series
/// that come or go are none. Pure.
std::vector<Change> changes_between(const Table& before, const Table& after, std::size_t most);

}  // namespace pgvigil::agent
