#pragma once

#include <functional>
#include <string>

#include "collectors/definition.h"

namespace pgvigil::collectors {

/// Takes a mistake in the query or metric that begins in a line: line, message, hint.
using Complain = std::function<void(std::size_t, std::string, std::string)>;

/// Whether two metrics can be exported together: their versions and their generations overlap.
bool overlap(const MetricDefinition& a, const MetricDefinition& b);

/// Mistakes that show only in the whole of a definition: a query that an earlier one always precedes, a
/// metric that no query can give, a metric that is there twice.
void check_whole(const Definition& definition, const Complain& complain);

}  // namespace pgvigil::collectors
