#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgvigil::agent {

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// The target of a request line, taken apart and percent-decoded.
struct RequestTarget {
  std::string path;
  Parameters parameters;  ///< in their order; those without a name are left out

  bool operator==(const RequestTarget&) const = default;
};

/// Parses "/path?name=value&name=value" (RFC 3986; '+' in the query is a space). A value may contain '=' and
/// '?', as PromQL does. Nothing when it does not begin with '/', or a percent sign is not followed by two
/// hexadecimal digits.
std::optional<RequestTarget> parse_request_target(std::string_view target);

/// Parses "name=value&name=value", as a query or a body of application/x-www-form-urlencoded has it. Nothing
/// when a percent sign is not followed by two hexadecimal digits.
std::optional<Parameters> parse_form(std::string_view text);

}  // namespace pgvigil::agent
