#pragma once

#include <string>
#include <vector>

namespace pgvigil::agent {

/// Rows of cells in columns of even width; the first row is the heading. Numbers stand to the right.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace pgvigil::agent
