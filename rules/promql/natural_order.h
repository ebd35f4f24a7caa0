#pragma once

#include <compare>
#include <string_view>

namespace pgvigil::promql {

/// The order in which people read names with numbers in them: "host2" before "host10".
std::strong_ordering natural_order(std::string_view a, std::string_view b);

}  // namespace pgvigil::promql
