#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
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

/// Every section that is there once, in the order of the documentation.
std::vector<OptionGroup<Config>> option_groups();

/// [server] and [[server]], without `labels`.
OptionGroup<ServerConfig> server_group();

/// [auth_module.<name>], without `options`.
OptionGroup<AuthModule> auth_module_group();

/// [[pooler]], without `labels`.
OptionGroup<ServerConfig> pooler_group();

/// [backup] and [[backup]].
OptionGroup<backups::Source> backup_group();

/// The keys of [collector.<name>], without `filter`.
std::vector<Option<CollectorConfig>> collector_options();

/// Reads every key of `options` and leaves the section's finish() to the caller.
template <typename Target>
void read_options(Section& section, const std::vector<Option<Target>>& options, Target& target) {
  for (const auto& option : options)
    option.read(section, target);
}

}  // namespace pgvigil::agent
