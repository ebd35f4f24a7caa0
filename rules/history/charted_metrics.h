#pragma once

#include <span>
#include <string_view>

namespace pgvigil::rules {

/// The metrics whose past the dashboards of deploy/grafana show, by name.
std::span<const std::string_view> charted_metrics();

}  // namespace pgvigil::rules
