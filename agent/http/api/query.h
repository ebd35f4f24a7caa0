#pragma once

#include "agent/http/api/data.h"
#include "agent/http/message.h"

namespace pgvigil::agent::api {

// The endpoints that evaluate PromQL, as Prometheus documents them.
Response query(const Data& data, const Request& request);
Response query_range(const Data& data, const Request& request);
Response format_query(const Request& request);

}  // namespace pgvigil::agent::api
