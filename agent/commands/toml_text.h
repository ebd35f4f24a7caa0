#pragma once

#include <string>
#include <string_view>

namespace pgvigil::agent {

/// `text` as a string of TOML: in single quotes as it stands where that is possible, over several lines where
/// it has several, else in double quotes with escapes.
std::string toml_string(std::string_view text);

/// `name` as a key of TOML: bare where it may be.
std::string toml_key(std::string_view name);

}  // namespace pgvigil::agent
