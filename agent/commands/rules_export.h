#pragma once

#include <span>
#include <string>
#include <string_view>

#include "rules/rule.h"

namespace pgvigil::agent {

/// The rules as a rule file of Prometheus. What Prometheus cannot express (clear, on_nodata, flap) is a
/// comment.
std::string as_prometheus(std::span<const rules::Rule> rules);
/// The same as a PrometheusRule of the Prometheus operator, called `name`.
std::string as_operator_resource(std::span<const rules::Rule> rules, std::string_view name);
/// The tests of the rules for `promtool test rules`, with the rules in the file `rule_file`.
std::string as_promtool_tests(std::span<const rules::Rule> rules, std::string_view rule_file);

}  // namespace pgvigil::agent
