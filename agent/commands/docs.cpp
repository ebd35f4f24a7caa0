#include <fmt/core.h>

#include <algorithm>
#include <string>

#include "agent/commands/commands.h"
#include "agent/commands/print.h"
#include "agent/config/reference.h"
#include "agent/runtime/self/self_specimen.h"
#include "collectors/catalog.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_usage =
    R"(Prints a page of documentation, made from the tables that the program runs on.

usage: pgvigil docs metrics         docs/metrics.md: every metric of the built-in collectors and of the agent itself
       pgvigil docs configuration   docs/configuration.md: every setting
)";

constexpr std::string_view k_head = R"(# Metrics

This page is made by `pgvigil docs metrics` from the definitions in `collectors/definitions/`.

A value that Postgres does not have (SQL NULL) is absent here, never 0. "Names" tells in which generation of
postgres_exporter's names a metric is exported (`[compatibility] postgres_exporter`): most are in all of them.
What the classes of cost mean stands in [collectors.md](collectors.md#how-often).
Labels of the configuration (`[labels]`, and `target`, the name of a server that has one) stand before a metric's own.

)";

/// The oldest version that pgvigil watches.
constexpr int k_first_major = 13;

using collectors::Definition;
using collectors::Generation;
using collectors::MetricDefinition;

std::string versions_word(ServerKind kind, const collectors::VersionRange& versions) {
  if (versions.first <= 0 && versions.last >= 1000) return "all";
  const std::string first = release_text(kind, versions.first);
  const std::string last = release_text(kind, versions.last);
  if (versions.last >= 1000) return first + "+";
  if (versions.first <= 0) return "to " + last;
  return versions.first == versions.last ? first : first + " to " + last;
}

std::string_view generation_word(Generation generation) {
  switch (generation) {
    case Generation::v0_20:
      return "0.20";
    case Generation::v0_15:
      return "0.15";
    case Generation::off:
      return "off";
  }
  return "";
}

std::string generations_word(const std::vector<Generation>& generations) {
  if (generations.empty()) return "all";
  std::string text;
  for (Generation generation : generations)
    text += (text.empty() ? "" : ", ") + std::string(generation_word(generation));
  return text;
}

/// A '|' would end the cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string safe;
  for (char c : text)
    safe += c == '|' ? "\\|" : std::string(1, c);
  return safe;
}

/// "13+": the majors of a collector, those of all its queries.
std::string majors_word(const Definition& definition) {
  collectors::VersionRange range{1000, 0};
  for (const collectors::QueryDefinition& query : definition.queries) {
    range.first = std::min(range.first, query.versions.first);
    range.last = std::max(range.last, query.versions.last);
  }
  const bool is_first = range.first <= (definition.kind == ServerKind::postgres ? k_first_major : 0);
  if (is_first && range.last >= 1000) return "every version";
  return std::string(to_string(definition.kind)) + " " + versions_word(definition.kind, range);
}

std::string_view scope_word(const Definition& definition) {
  switch (definition.scope) {
    case collectors::Scope::server:
      return "once a server";
    case collectors::Scope::database:
      return "in each watched database";
    case collectors::Scope::pooler:
      return "on the pooler's console";
    case collectors::Scope::host:
      return "of the host";
    case collectors::Scope::backups:
      return "of each `[[backup]]`";
    case collectors::Scope::patroni:
      return "of the server's Patroni";
  }
  return "";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text;
}

void print_collector(const Definition& definition) {
  fmt::print("## {}\n\n{}.\n\n", definition.name, definition.help);
  std::vector<std::string> facts = {
      fmt::format("every {} s", std::chrono::duration_cast<std::chrono::seconds>(definition.every).count()),
      definition.enabled ? "on by default" : "off by default", std::string(scope_word(definition))};
  if (definition.cost)
    facts.push_back(
        fmt::format("cost {}", collectors::k_cost_words[static_cast<std::size_t>(*definition.cost)]));
  if (definition.role == collectors::RoleFilter::primary) facts.emplace_back("on a primary only");
  if (definition.role == collectors::RoleFilter::standby) facts.emplace_back("on a standby only");
  if (!definition.extension.empty()) facts.push_back("needs the extension `" + definition.extension + "`");
  if (!definition.preload.empty())
    facts.push_back("needs `" + definition.preload + "` in `shared_preload_libraries`");
  if (!definition.needs.empty()) facts.push_back("needs `GRANT " + definition.needs + "`");
  if (!definition.wants.empty()) facts.push_back("sees all with `GRANT " + definition.wants + "`");
  if (!is_local(definition.kind)) facts.push_back(majors_word(definition));
  std::string source;
  for (const std::string& name : definition.source)
    source += (source.empty() ? "" : ", ") + ("`" + name + "`");
  if (!source.empty()) facts.push_back("reads " + source);
  fmt::print("{}.\n\n| metric | type | labels | {} | names | meaning |\n|---|---|---|---|---|---|\n",
             joined(facts), is_local(definition.kind) ? "versions" : to_string(definition.kind));
  for (const MetricDefinition& metric : definition.metrics)
    fmt::print("| `{}` | {} | {} | {} | {} | {} |\n", metric.name, to_string(metric.type),
               joined(metric.labels), versions_word(definition.kind, metric.versions),
               generations_word(metric.generations), cell(metric.help));
  fmt::print("\n");
}

void print_own_metrics() {
  const std::string text = render_own_metrics();

  fmt::print("## The agent itself\n\n| metric | type | meaning |\n|---|---|---|\n");
  std::string_view rest = text;
  std::string_view help;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with("# HELP ")) help = line.substr(7);
    if (!line.starts_with("# TYPE ")) continue;
    const std::string_view name = help.substr(0, help.find(' '));
    fmt::print("| `{}` | {} | {} |\n", name, line.substr(line.rfind(' ') + 1),
               cell(help.substr(name.size() + 1)));
  }
}

int print_metrics_page() {
  auto catalog = collectors::load_catalog({});
  if (!catalog) {
    print(catalog.error(), stderr);
    return 2;
  }
  std::ranges::sort(*catalog, {}, &Definition::name);
  fmt::print("{}", k_head);
  for (const Definition& definition : *catalog)
    print_collector(definition);
  print_own_metrics();
  return 0;
}

int docs(Arguments arguments) {
  const auto page = arguments.word();
  if (const auto complaint = arguments.complaint(); !complaint.empty()) return wrong_usage("docs", complaint);
  if (page == "metrics") return print_metrics_page();
  if (page == "configuration") {
    fmt::print("{}", configuration_page());
    return 0;
  }
  return wrong_usage("docs", page ? "there is no page '" + *page + "'" : "which page?");
}

}  // namespace

const Command k_docs_command{"docs", "print a page of documentation", k_usage, docs};

}  // namespace pgvigil::agent
