#pragma once

#include <string>
#include <vector>

#include "collectors/definition.h"

namespace pgvigil::collectors {

/// A definition file: its name as messages show it, and its text.
struct DefinitionFile {
  std::string name;
  std::string text;
};

/// The definition files that are part of the program.
std::vector<DefinitionFile> builtin_definition_files();

/// All definitions of the agent, by name: the built-in ones, and the user's, which add to them or replace one
/// by name. Mistakes in any file, a name that is defined twice and a metric that two collectors export are
/// reported.
std::expected<std::vector<Definition>, Diagnostics> load_catalog(
    const std::vector<DefinitionFile>& user_files);

/// load_catalog() with other built-in files.
std::expected<std::vector<Definition>, Diagnostics> build_catalog(
    const std::vector<DefinitionFile>& builtin, const std::vector<DefinitionFile>& user_files);

}  // namespace pgvigil::collectors
