#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <string_view>
#include <vector>

#include "agent/watching/exposition/exposition.h"

namespace pgvigil::agent {

/// Families of a server, or of the process, and the labels that all their series carry.
struct OwnedFamilies {
  std::string_view constant_labels;
  std::vector<prometheus::MetricFamily> families;
};

/// The exposition's word for a type.
std::string_view type_word(prometheus::MetricType type);

/// The exposition of what prometheus-cpp collected: each family once, with the series of all owners. Its own
/// serializer escapes no HELP and rounds to 16 digits.
std::string print_families(const std::vector<OwnedFamilies>& owners, Format format);

}  // namespace pgvigil::agent
