#pragma once

#include <vector>

#include "agent/http/router.h"

namespace pgvigil::agent {

class Agent;

/// Silences, in the form of Alertmanager's API v2.
std::vector<Route> silence_routes(Agent& agent);

}  // namespace pgvigil::agent
