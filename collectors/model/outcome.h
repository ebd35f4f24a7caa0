#pragma once

#include <string>
#include <variant>

#include "collectors/model/error.h"
#include "collectors/model/table.h"

namespace pgvigil {

/// This server cannot give this: its version, a missing extension, a missing grant, its role. Told once, no
/// error.
struct Unsupported {
  std::string why;   ///< lower case, no full stop: "needs the extension pg_buffercache"
  std::string mend;  ///< SQL that mends it ("GRANT pg_monitor TO pgvigil;"), or empty

  bool operator==(const Unsupported&) const = default;
};

/// What one collection ends in.
using Outcome = std::variant<Table, Unsupported, Error>;

}  // namespace pgvigil
