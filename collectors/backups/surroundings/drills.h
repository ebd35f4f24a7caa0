#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/error.h"
#include "collectors/model/units.h"

namespace pgvigil::backups {

/// The result of one restore drill, as pgvigil-restore-drill writes it ("pgvigil-restore-drill/1").
struct Drill {
  std::string tool;  ///< "pgbackrest", "dump"
  std::string stanza;
  std::string repository;  ///< empty: not told
  std::string label;
  std::optional<Timestamp> finished;
  std::optional<double> restore_seconds;
  std::optional<Timestamp> recovered_until;
  bool passed = false;
  std::string why;  ///< it did not
};

std::expected<Drill, Error> parse_drill(std::string_view json);

/// All results in a folder, by the time of their end; the newest 1000 files. Files that are no results are
/// passed over. A folder that is not there has none.
std::vector<Drill> read_drills(const std::string& folder);

}  // namespace pgvigil::backups
