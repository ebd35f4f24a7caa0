#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "collectors/host/sources.h"
#include "collectors/model/outcome.h"
#include "collectors/text_rows.h"

namespace pgvigil::host {

using collectors::TextRows;

/// Reads one source (any but `volumes`) out of the folder of a cgroup v2. A file that the kernel or the
/// cgroup does not have leaves its columns out; "max" (no limit) is NULL. Unsupported when the folder is no
/// cgroup v2, or has none of the source's files. May wait for ever where the folder lies on a dead network
/// volume. Source of the formats: Linux, Documentation/admin-guide/cgroup-v2.rst and accounting/psi.rst.
std::expected<TextRows, Unsupported> read_cgroup(Source source, const std::string& folder);

// The formats of the files, each into the last row.

/// "usage_usec 12\nuser_usec 3\n": a column for each key, its name after `prefix`.
void take_keys(std::string_view text, std::string_view prefix, TextRows& rows);
/// "max 100000": the columns quota_usec and period_usec.
void take_cpu_max(std::string_view text, TextRows& rows);
/// "some avg10=0.12 avg60=0.00 avg300=0.00 total=17": a new row for each line, with `resource` and `kind`.
void take_pressure(std::string_view resource, std::string_view text, TextRows& rows);
/// "253:0 rbytes=1 wbytes=2": a new row for each line, with `device`.
void take_io(std::string_view text, TextRows& rows);

}  // namespace pgvigil::host
