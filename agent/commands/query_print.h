#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace pgvigil::agent {

/// The answer of /api/v1/query or query_range as people read it: a table of labels and values for a vector, a
/// line of blocks with least, most and last value for each series of a matrix. The error is what the server
/// says is wrong, with the place in `query` under it where it names one.
std::expected<std::string, std::string> printed_answer(std::string_view body, std::string_view query);

/// `query` with a caret under the place that a message such as "1:5: parse error: ..." names; empty when it
/// names none.
std::string pointed_at(std::string_view query, std::string_view message);

}  // namespace pgvigil::agent
