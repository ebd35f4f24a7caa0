#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/toml/document.h"

namespace pgvigil::agent {

/// One key of a section: how it is read into a Target, and what the documentation says of it. Parser and
/// documentation walk the same tables, so that neither knows a key that the other does not.
template <typename Target>
struct Option {
  std::string_view key;
  std::string type;    ///< as people read it: "integer, 1 to 64"
  std::string preset;  ///< what holds without it, as TOML or in words
  std::string_view meaning;
  std::function<void(Section&, Target&)> read;
};

/// A section with fixed keys, such as [http].
template <typename Target>
struct OptionGroup {
  std::string_view section;
  std::string_view meaning;
  std::vector<Option<Target>> options;
  std::function<void(Section&, Target&)> check;  ///< looks at what was read as a whole
};

/// Reads every key of `options` and leaves the section's finish() to the caller.
template <typename Target>
void read_options(Section& section, const std::vector<Option<Target>>& options, Target& target) {
  for (const auto& option : options)
    option.read(section, target);
}

}  // namespace pgvigil::agent
