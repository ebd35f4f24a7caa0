#include "collectors/catalog.h"

#include <algorithm>
#include <map>
#include <utility>

#include "collectors/definition_checks.h"
#include "collectors/toml/document.h"

namespace pgvigil::collectors {
namespace {

std::string place_of(const Definition& definition, std::size_t line) {
  return line == 0 ? definition.file : definition.file + ":" + std::to_string(line);
}

/// Definitions by name, as they come.
class Catalog {
 public:
  void add(const DefinitionFile& file, bool may_replace) {
    auto parsed = parse_definition(file.text, file.name);
    if (!parsed) {
      diagnostics_.insert(diagnostics_.end(), parsed.error().begin(), parsed.error().end());
      return;
    }
    auto [place, is_new] = definitions_.try_emplace(parsed->name);
    if (!is_new && !(may_replace && place->second.replaceable)) {
      diagnostics_.push_back(
          {file.name, 1, 1,
           "collector '" + parsed->name + "' is defined in " + place->second.definition.file + " too",
           "A name stands for one file."});
      return;
    }
    place->second = {std::move(*parsed), !may_replace};
  }

  std::expected<std::vector<Definition>, Diagnostics> finish() && {
    // A file with mistakes may be the one that replaces another: what two collectors export is looked at
    // last.
    if (diagnostics_.empty()) check_families();
    if (!diagnostics_.empty()) return std::unexpected(std::move(diagnostics_));
    std::vector<Definition> definitions;
    for (auto& [name, entry] : definitions_)
      definitions.push_back(std::move(entry.definition));
    return definitions;
  }

 private:
  struct Entry {
    Definition definition;
    bool replaceable = false;  // built in
  };
  using Family = std::pair<const Entry*, const MetricDefinition*>;

  void check_families() {
    std::map<std::string_view, std::vector<Family>> families;
    for (const bool replaceable : {true, false})  // the user's last, so that messages are about theirs
      for (const auto& [name, entry] : definitions_)
        if (entry.replaceable == replaceable) check_against(families, entry);
  }

  void check_against(std::map<std::string_view, std::vector<Family>>& families, const Entry& entry) {
    for (const MetricDefinition& metric : entry.definition.metrics) {
      auto& family = families[metric.name];
      const auto other = std::ranges::find_if(family, [&](const Family& earlier) {
        return earlier.first != &entry && overlap(*earlier.second, metric);
      });
      if (other != family.end())
        diagnostics_.push_back({entry.definition.file, metric.line, 1,
                                "metric '" + metric.name + "' is exported by collector '" +
                                    other->first->definition.name + "' too (" +
                                    place_of(other->first->definition, other->second->line) + ")",
                                "Rename it, or give this file the name of the collector that it replaces."});
      family.emplace_back(&entry, &metric);
    }
  }

  std::map<std::string, Entry> definitions_;
  Diagnostics diagnostics_;
};

}  // namespace

std::expected<std::vector<Definition>, Diagnostics> build_catalog(
    const std::vector<DefinitionFile>& builtin, const std::vector<DefinitionFile>& user_files) {
  Catalog catalog;
  for (const DefinitionFile& file : builtin)
    catalog.add({"built-in " + file.name, file.text}, false);
  for (const DefinitionFile& file : user_files)
    catalog.add(file, true);
  return std::move(catalog).finish();
}

std::expected<std::vector<Definition>, Diagnostics> load_catalog(
    const std::vector<DefinitionFile>& user_files) {
  return build_catalog(builtin_definition_files(), user_files);
}

}  // namespace pgvigil::collectors
