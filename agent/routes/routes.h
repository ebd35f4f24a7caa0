#pragma once

#include <vector>

#include "agent/http/router.h"

namespace pgvigil::agent {

class Agent;

/// Every address that the agent answers. `agent` must outlive the server.
std::vector<Route> routes_of(Agent& agent);

}  // namespace pgvigil::agent
