#pragma once

#include <vector>

#include "agent/http/api/data.h"
#include "agent/http/router.h"

namespace pgvigil::agent::api {

/// The Prometheus-compatible part of the HTTP side (docs/api.md). `data` must outlive the server.
std::vector<Route> routes(const Data& data);

}  // namespace pgvigil::agent::api
