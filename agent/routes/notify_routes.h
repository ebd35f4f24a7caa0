#pragma once

#include <vector>

#include "agent/http/router.h"

namespace pgvigil::agent {

class Agent;

/// What can be asked of notifications: why somebody was told, or not, and what was seen when alerts fired.
std::vector<Route> notify_routes(Agent& agent);

}  // namespace pgvigil::agent
