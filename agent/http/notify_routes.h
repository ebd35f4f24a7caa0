#pragma once

#include <vector>

#include "agent/http/router.h"

namespace pgvigil::agent {

class Agent;

/// What can be asked of notifications: silences in the form of Alertmanager's API v2, and why somebody was told, or not.
std::vector<Route> notify_routes(Agent& agent);

}  // namespace pgvigil::agent
