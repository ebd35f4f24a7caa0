#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "agent/text_table.h"
#include "collectors/model/diagnostic.h"
#include "collectors/model/table.h"

namespace pgvigil::agent {

/// A line each.
void print(const Diagnostics& diagnostics, std::FILE* to);

/// A collector's table as people read it: one row a line, absent values as "-".
std::string as_text(const Table& table);

/// A collector's table as JSON: {"taken_at": …, "columns": [{name, kind, type, unit, help}], "rows": [[…]]}.
/// Absent values are null; NaN and infinities are strings.
std::string as_json(const Table& table);

/// A table, and the server that it is of.
struct ServerTable {
  std::string server;
  std::string labels;  ///< that its series carry (see constant_labels())
  Table table;
};

/// The same of several servers: as_text() below a heading each, and a list of what as_json() gives, with a
/// key "server".
std::string as_text(const std::vector<ServerTable>& tables);
std::string as_json(const std::vector<ServerTable>& tables);

}  // namespace pgvigil::agent
