#include "agent/commands/rules_book.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "agent/commands/print.h"
#include "agent/judge/evidence_names.h"
#include "agent/runtime/metric_catalog.h"
#include "collectors/catalog.h"

namespace pgvigil::agent {

std::optional<std::string> read_rule_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.is_open() && !file.bad()) return text;
  fmt::print(stderr, "pgvigil rules: cannot read '{}'\n", path);
  return std::nullopt;
}

std::optional<rules::RuleBook> load_rule_book(const std::vector<rules::RuleFile>& files) {
  const auto definitions = collectors::load_catalog({});
  if (!definitions) {
    print(definitions.error(), stderr);
    return std::nullopt;
  }
  const rules::MetricCatalog catalog = metric_catalog(*definitions);
  auto book = rules::load_rules(rules::shipped_rule_files(), files, &catalog);
  if (book) {
    std::ranges::move(unknown_evidence(book->rules), std::back_inserter(book->warnings));
    return std::move(*book);
  }
  print(book.error(), stderr);
  return std::nullopt;
}

std::optional<rules::RuleBook> load_rule_book(Arguments& arguments) {
  std::vector<rules::RuleFile> files;
  while (const auto path = arguments.word()) {
    auto text = read_rule_file(*path);
    if (!text) return std::nullopt;
    files.push_back({*path, std::move(*text)});
  }
  return load_rule_book(files);
}

}  // namespace pgvigil::agent
