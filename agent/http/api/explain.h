#pragma once

#include "agent/http/api/data.h"
#include "agent/http/message.h"

namespace pgvigil::agent::api {

/// Why a rule (rule=NAME) fires or does not, or what an expression (query=EXPR) gives, part by part: as JSON,
/// or with format=text as people read it.
Response explain(const Data& data, const Request& request);

}  // namespace pgvigil::agent::api
