#pragma once

#include <vector>

#include "rules/advice/index_definition.h"

namespace pgvigil::rules::advice {

/// An index that can go because another, `cover`, does all that it does. The cover is itself in no other's
/// shadow.
struct Overlap {
  IndexDefinition index;
  IndexDefinition cover;
};

/// All such pairs among the valid indexes of `look`; each index to go is there once.
std::vector<Overlap> overlaps(const Look& look);

}  // namespace pgvigil::rules::advice
