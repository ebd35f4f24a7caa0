#pragma once

#include <initializer_list>
#include <string_view>

#include "collectors/definition.h"
#include "collectors/toml/document.h"

namespace pgvigil::collectors {

/// What was read of a definition file so far. Mistakes go to the sections' diagnostics.
struct Reading {
  Definition definition;
  /// All versions, roles and generations were understood: only then do they say what overlaps.
  bool knows_ranges = true;
};

/// Reports the keys whose text is empty.
void refuse_empty(Section& section, std::initializer_list<std::string_view> keys);

}  // namespace pgvigil::collectors
