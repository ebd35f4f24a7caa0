#include "agent/runtime/rule_book.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/config/load.h"
#include "agent/judge/evidence_names.h"
#include "agent/runtime/metric_catalog.h"
#include "rules/evaluation.h"
#include "rules/rule_file.h"

namespace pgvigil::agent {
namespace {

using rules::RuleFile;

std::expected<std::vector<RuleFile>, Diagnostics> user_files(const RulesConfig& config) {
  std::vector<RuleFile> files;
  Diagnostics mistakes;
  for (const std::string& folder : config.directories) {
    auto read = read_toml_folder(folder, config.directories_named);
    if (!read) {
      std::ranges::move(read.error(), std::back_inserter(mistakes));
      continue;
    }
    for (collectors::DefinitionFile& file : *read)
      files.push_back({std::move(file.name), std::move(file.text)});
  }
  if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
  return files;
}

/// Without packs the shipped files are not there at all: a user's file can override none of their rules.
std::vector<RuleFile> shipped_files(const RulesConfig& config) {
  return config.packs ? rules::shipped_rule_files() : std::vector<RuleFile>{};
}

}  // namespace

std::expected<JudgedRules, Diagnostics> load_judged_rules(const Config& config) {
  const auto users = user_files(config.rules);
  if (!users) return std::unexpected(users.error());
  const rules::MetricCatalog catalog = metric_catalog(config.definitions);
  auto book = rules::load_rules(shipped_files(config.rules), *users, &catalog);
  if (!book) return std::unexpected(std::move(book.error()));

  std::ranges::move(unknown_evidence(book->rules), std::back_inserter(book->warnings));
  JudgedRules judged;
  for (rules::Rule& rule : book->rules) {
    if (!rule.enabled) continue;
    rule.tests = {};
    for (const std::string& metric : rules::metrics_read(rule)) {
      const rules::MetricFacts* facts = catalog.find(metric);
      if (facts != nullptr && !facts->collector.empty())
        judged.collector_of.emplace(metric, facts->collector);
    }
    judged.rules.push_back(std::move(rule));
  }
  std::ranges::copy_if(book->warnings, std::back_inserter(judged.warnings), [&](const Diagnostic& warning) {
    return std::ranges::find(*users, warning.file, &RuleFile::name) != users->end();
  });
  return judged;
}

}  // namespace pgvigil::agent
