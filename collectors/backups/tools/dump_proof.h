#pragma once

#include <string>

#include "collectors/backups/tools/dump_file.h"
#include "collectors/backups/tools/reader.h"

namespace pgvigil::backups {

/// What is proved of the dump at `path`, a file or a folder of the format directory; what takes the reading
/// of a whole file is remembered. `stored` takes the bytes that it occupies.
DumpFile prove_dump(const Look& look, const std::string& path, std::uint64_t& stored);

}  // namespace pgvigil::backups
