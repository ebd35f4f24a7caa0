#include "agent/commands/rules_import.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <tuple>

#include "agent/commands/print.h"
#include "agent/commands/rules_book.h"
#include "agent/commands/rules_import_toml.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_name = "imported.toml";

/// Reads the files that the words name; nothing, and a line on standard error, when one cannot be read.
std::optional<std::vector<PrometheusRuleFile>> read_files(Arguments& arguments, Diagnostics& left_out) {
  std::vector<PrometheusRuleFile> files;
  while (const auto path = arguments.word()) {
    const auto text = read_rule_file(*path);
    if (!text) return std::nullopt;
    auto groups = read_prometheus_rules(*text, *path, left_out);
    if (!groups) {
      print({groups.error()}, stderr);
      return std::nullopt;
    }
    files.push_back({*path, std::move(*groups)});
  }
  return files;
}

bool write(const std::string& toml, const std::optional<std::string>& path) {
  if (!path) return std::fwrite(toml.data(), 1, toml.size(), stdout) == toml.size();
  std::ofstream file(*path, std::ios::binary);
  file << toml;
  file.close();
  if (!file) fmt::print(stderr, "pgvigil rules: cannot write '{}'\n", *path);
  return static_cast<bool>(file);
}

/// What the loader says about the imported rules, each word at its place in the YAML.
Diagnostics warnings_of(const rules::RuleBook& book, const ImportedRules& imported) {
  Diagnostics warnings;
  for (const Diagnostic& warning : book.warnings) {
    if (warning.file != k_name) continue;
    Diagnostic placed = imported.origin(warning.line);
    placed.message = warning.message;
    placed.hint = warning.hint;
    warnings.push_back(std::move(placed));
  }
  return warnings;
}

/// A line for each shipped rule whose place an imported one takes.
Diagnostics replacements(const rules::RuleBook& book, const ImportedRules& imported) {
  const auto shipped = rules::load_rules(rules::shipped_rule_files(), {});
  Diagnostics told;
  for (const rules::Rule& rule : book.rules) {
    const bool is_replacement =
        shipped && rule.kind == rules::RuleKind::alert && rule.file == k_name &&
        std::ranges::find(shipped->rules, rule.name, &rules::Rule::name) != shipped->rules.end();
    if (!is_replacement) continue;
    Diagnostic placed = imported.origin(rule.line);
    placed.message = "'" + rule.name + "' takes the place of the shipped rule of that name";
    told.push_back(std::move(placed));
  }
  return told;
}

}  // namespace

int import_rules_command(Arguments arguments) {
  const auto output = arguments.option("--output");
  Diagnostics changes;
  const auto files = read_files(arguments, changes);
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("rules", complaint);
  if (!files) return 2;
  if (files->empty()) return wrong_usage("rules", "import what? Name a rule file of Prometheus");
  const ImportedRules imported = import_rules(*files);
  changes.insert(changes.end(), imported.changes.begin(), imported.changes.end());
  const auto book = load_rule_book({{std::string(k_name), imported.toml}});
  if (!book) return 2;
  std::ranges::stable_sort(changes, [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.file, a.line) < std::tie(b.file, b.line);
  });
  print(changes, stderr);
  print(replacements(*book, imported), stderr);
  const Diagnostics warnings = warnings_of(*book, imported);
  print(warnings, stderr);
  fmt::print(stderr, "{} rules imported; {} left out or changed, {} warnings\n", imported.rules,
             changes.size(), warnings.size());
  if (!write(imported.toml, output)) return 2;
  return changes.empty() && warnings.empty() ? 0 : 1;
}

}  // namespace pgvigil::agent
