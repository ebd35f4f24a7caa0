#pragma once

#include <string_view>

namespace pgvigil::agent {

/// Whether `text` can be the name of an environment variable.
bool is_variable_name(std::string_view text);

}  // namespace pgvigil::agent
