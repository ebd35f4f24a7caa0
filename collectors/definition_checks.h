#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/definition.h"

namespace pgvigil::collectors {

/// Takes a mistake in the query or metric that begins in a line: line, message, hint.
using Complain = std::function<void(std::size_t, std::string, std::string)>;

/// Whether two metrics can be exported together: their versions and their generations overlap.
bool overlap(const MetricDefinition& a, const MetricDefinition& b);

/// Mistakes that show only in the whole of a definition: a query that an earlier one always precedes, a
/// metric that no query can give, a metric that is there twice.
void check_whole(const Definition& definition, const Complain& complain);

/// What is wrong with a metric's name, type and unit where the name is one of pgvigil's own (it begins with
/// "pgvigil_"): empty when all is well. Counters, and only they, end in "_total"; the unit is a word of the
/// name. Source: Prometheus, "Metric and label naming".
std::string naming_mistake(const MetricDefinition& metric);

/// The columns that the pattern names in braces: "pg_settings_{name}" names "name". Nothing when the braces
/// are not in pairs or do not hold a column name.
std::optional<std::vector<std::string>> columns_of_pattern(std::string_view pattern);

}  // namespace pgvigil::collectors
