#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "agent/advice/gather.h"
#include "agent/advice/report.h"
#include "agent/commands/commands.h"
#include "agent/commands/one_shot.h"
#include "agent/config/load.h"
#include "rules/advice/catalog.h"

namespace pgvigil::agent {
namespace {

using rules::advice::Advisor;

constexpr std::string_view k_usage =
    R"(Looks at a server once and says what would do it good. Needs no running agent, and changes nothing.

usage: pgvigil advise [--kind KIND]... [--format text|json|sql] [--config FILE] [--server NAME]

  --kind KIND      only advice of this kind; may be given several times. Without it all kinds; docs/advice.md has them
  --format FORMAT  text: for people, the default
                   json: [{"server": ..., "opinions": [{"kind": ..., "advice": [...]}]}]
                   sql:  a script for psql, with reasons and undo; what needs thought is commented out
  --config FILE    the configuration; without it the environment decides. [advice.KIND] holds the thresholds
  --server NAME    only this one of several servers

What one look cannot prove (an index that must be unused for a month) is told apart, and not advised.
exit status: 0 nothing to advise; 1 there is advice; 2 wrong usage or configuration; 3 a server could not be looked at
)";

enum class Printing : std::uint8_t { text, json, sql };

std::optional<Printing> parse_printing(std::string_view word) {
  if (word == "text") return Printing::text;
  if (word == "json") return Printing::json;
  if (word == "sql") return Printing::sql;
  return std::nullopt;
}

int no_such_kind(const std::string& kind) {
  std::vector<std::string_view> kinds;
  for (const Advisor& advisor : rules::advice::advisors())
    kinds.push_back(advisor.kind);
  const auto meant = nearest(kind, kinds);
  std::string list;
  for (const std::string_view each : kinds)
    list += (list.empty() ? "" : ", ") + std::string(each);
  return wrong_usage("advise", "there is no advice of kind '" + kind + "'" +
                                   (meant.empty() ? ": one of " + list : ". Did you mean '" + std::string(meant) + "'?"));
}

/// Those of the kinds that were named, or all that are enabled.
std::vector<const Advisor*> chosen(const std::vector<std::string>& kinds, const Config& config) {
  std::vector<const Advisor*> list;
  for (const Advisor& advisor : rules::advice::advisors()) {
    const bool is_named = std::ranges::find(kinds, advisor.kind) != kinds.end();
    if (is_named || (kinds.empty() && config.thresholds.find(advisor.kind)->second.enabled)) list.push_back(&advisor);
  }
  return list;
}

std::expected<Report, Error> report_on(const Config& config,
                                       const ServerConfig& server,
                                       const std::vector<const Advisor*>& advisors) {
  auto collectors = rules::advice::wanted_collectors(advisors);
  // Texts leave the server only where somebody wanted them to.
  std::erase_if(collectors, [&](std::string_view name) {
    const auto found = std::ranges::find(config.definitions, name, &collectors::Definition::name);
    return name == "statement_texts" && (found == config.definitions.end() || !found->enabled);
  });
  const postgres::Interrupt interrupt;
  auto gathered = gather(config, server, collectors, interrupt);
  if (!gathered) return std::unexpected(gathered.error());
  const postgres::ServerFacts& facts = gathered->facts;
  Report report{server.name,
                fmt::format("{}{}, {}, Postgres {}", server.name.empty() ? "" : server.name + ": ", facts.endpoint,
                            to_string(facts.role), facts.short_version),
                {}};
  for (const Advisor* advisor : advisors)
    report.opinions.push_back(
        rules::advice::advise(*advisor, gathered->look, config.thresholds.find(advisor->kind)->second));
  return report;
}

void print(const std::vector<Report>& reports, Printing printing) {
  if (printing == Printing::json) {
    fmt::print("{}", as_json(reports));
    return;
  }
  for (std::size_t i = 0; i < reports.size(); ++i)
    fmt::print("{}{}", i == 0 ? "" : "\n", printing == Printing::text ? as_text(reports[i]) : as_sql(reports[i]));
}

int advise(Arguments arguments) {
  const auto file = arguments.option("--config");
  const auto name = arguments.option("--server");
  const auto format = arguments.option("--format");
  std::vector<std::string> kinds;
  while (auto kind = arguments.option("--kind")) kinds.push_back(std::move(*kind));
  if (const auto complaint = arguments.complaint(); !complaint.empty()) return wrong_usage("advise", complaint);
  const auto printing = parse_printing(format.value_or("text"));
  if (!printing) return wrong_usage("advise", "unknown format '" + *format + "': text, json or sql");
  for (const std::string& kind : kinds)
    if (rules::advice::find_advisor(kind) == nullptr) return no_such_kind(kind);

  const auto config = load_config(file);
  if (!config) {
    for (const Diagnostic& diagnostic : config.error()) fmt::print(stderr, "{}\n", to_string(diagnostic));
    return 2;
  }
  auto servers = servers_for("advise", *config, name);
  if (servers.empty()) return 2;
  std::erase_if(servers, [](const ServerConfig* each) { return each->kind != ServerKind::postgres; });
  if (servers.empty()) return wrong_usage("advise", "there is advice for Postgres servers only");

  std::vector<Report> reports;
  for (const ServerConfig* server : servers) {
    auto report = report_on(*config, *server, chosen(kinds, *config));
    if (report)
      reports.push_back(std::move(*report));
    else
      fmt::print(stderr, "pgvigil advise: {}{}: {}\n", server->name.empty() ? "" : server->name + ": ",
                 to_string(report.error().kind), report.error().message);
  }
  print(reports, *printing);
  if (reports.size() < servers.size()) return 3;
  return std::ranges::any_of(reports, has_advice) ? 1 : 0;
}

}  // namespace

const Command k_advise_command{"advise", "say what would do a server good, with SQL", k_usage, advise};

}  // namespace pgvigil::agent
