#include "agent/judge/evidence_names.h"

#include <algorithm>
#include <string>

#include "collectors/evidence/definition.h"

namespace pgvigil::agent {

Diagnostics unknown_evidence(const std::vector<rules::Rule>& rules) {
  const auto definitions = evidence::builtin();
  std::vector<std::string_view> names;
  for (const evidence::Definition& definition : definitions)
    names.push_back(definition.asks.name);
  Diagnostics warnings;
  for (const rules::Rule& rule : rules)
    for (const std::string& name : rule.evidence) {
      if (std::ranges::find(names, name) != names.end()) continue;
      const auto meant = nearest(name, names);
      warnings.push_back({rule.file, rule.line, 1,
                          "rule '" + rule.name + "': there is no evidence '" + name + "'",
                          meant.empty() ? "`pgvigil evidence --list` shows what there is."
                                        : "Did you mean '" + std::string(meant) + "'?"});
    }
  return warnings;
}

}  // namespace pgvigil::agent
