#pragma once

#include <string>

namespace pgvigil::agent {

/// docs/configuration.md: every section and key, from the tables that the parser walks.
std::string configuration_page();

}  // namespace pgvigil::agent
