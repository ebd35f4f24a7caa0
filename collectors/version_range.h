#pragma once

#include <optional>
#include <string_view>

#include "collectors/server_kind.h"

namespace pgvigil::collectors {

/// Releases (see server_kind.h), both ends included.
struct VersionRange {
  int first = 0;
  int last = 1000;
  bool contains(int release) const { return release >= first && release <= last; }
  bool operator==(const VersionRange&) const = default;
};

/// "13-", "13-16", "17", both ends included; of a pooler "1.23-".
std::optional<VersionRange> parse_versions(std::string_view text, ServerKind kind = ServerKind::postgres);

}  // namespace pgvigil::collectors
