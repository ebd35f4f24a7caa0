#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/http/api/data.h"
#include "agent/http/message.h"

namespace pgvigil::agent::api {

// The endpoints that look for series and their labels, as Prometheus documents them.
Response series(const Data& data, const Request& request);
Response label_names(const Data& data, const Request& request);
/// The label's name is the segment that the route captured, escaped as unescaped_name() reads it.
Response label_values(const Data& data, const Request& request);

/// Reads Prometheus's escaping of names that URLs cannot hold: "U__a_2e_b__c" is "a.b_c". A name that does
/// not begin with "U__", or goes on otherwise, is taken as it is.
std::string unescaped_name(std::string_view name);

}  // namespace pgvigil::agent::api
