#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "rules/template/value.h"

namespace pgvigil::rules::templates {

/// Go's fmt.Sprintf, for the verbs that make sense here. What does not fit is shown as Go shows it:
/// %!d(string=x).
std::string go_printf(std::string_view format, std::span<const Value> arguments);

// How Prometheus's template functions show numbers to people (template/template.go of Prometheus 2 and 3).
std::string humanize(double value);
std::string humanize1024(double value);
std::string humanize_duration(double seconds);
std::string humanize_percentage(double ratio);
std::expected<std::string, std::string> humanize_timestamp(double seconds);

}  // namespace pgvigil::rules::templates
