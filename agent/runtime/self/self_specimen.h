#pragma once

#include <string>

namespace pgvigil::agent {

/// An exposition of the agent's own metrics, of a status in which everything that can be told is told: what
/// the documentation and the lints of rules read them off.
std::string render_own_metrics();

}  // namespace pgvigil::agent
