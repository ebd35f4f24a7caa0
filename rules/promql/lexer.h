#pragma once

#include <string_view>
#include <vector>

#include "rules/promql/token.h"

namespace pgvigil::promql {

/// Cuts a query into tokens, comments left out. The last token is end_of_input or, where the text is no
/// PromQL, an error with its place.
std::vector<Token> tokenize(std::string_view query);

}  // namespace pgvigil::promql
