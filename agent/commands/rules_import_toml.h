#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/commands/rules_import_yaml.h"
#include "collectors/model/diagnostic.h"

namespace pgvigil::agent {

/// A file of Prometheus's rules that has been read.
struct PrometheusRuleFile {
  std::string name;
  std::vector<PrometheusGroup> groups;
};

/// Rules as TOML, and what became of each.
struct ImportedRules {
  std::string toml;
  std::size_t rules = 0;
  Diagnostics changes;  ///< what was left out or renamed, with its place in the YAML

  /// Where the rule stands in the YAML whose table is around `line` of the TOML, as a diagnostic without a
  /// message.
  Diagnostic origin(std::size_t line) const;

  struct Origin {
    std::size_t toml_line;
    std::string file;
    std::size_t line;
  };
  std::vector<Origin> origins;  ///< growing in toml_line
};

/// The rules of all files as one file of ours. What has no counterpart, and what would be a mistake there
/// (bad PromQL, a template function that is not known), is left out and told in `changes`; an alert whose
/// name is taken gets another.
ImportedRules import_rules(std::span<const PrometheusRuleFile> files);

}  // namespace pgvigil::agent
