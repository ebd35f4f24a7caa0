#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "agent/advice/consult.h"
#include "agent/advice/report.h"
#include "agent/commands/advise_dismiss.h"
#include "agent/commands/commands.h"
#include "agent/commands/one_shot.h"
#include "agent/commands/print.h"
#include "agent/config/load.h"

namespace pgvigil::agent {
namespace {

using rules::advice::Advisor;

constexpr std::string_view k_usage =
    R"(Looks at a server once and says what would do it good. Needs no running agent, and changes nothing.

usage: pgvigil advise [--kind KIND]... [--format text|json|sql] [--config FILE] [--server NAME]
       pgvigil advise dismiss ID --reason TEXT [--until WHEN] [--server NAME] [--url URL]

  --kind KIND      only advice of this kind; may be given several times. Without it all kinds; docs/advice.md has them
  --format FORMAT  text: for people, the default
                   json: [{"server": ..., "opinions": [{"kind": ..., "advice": [...]}]}]
                   sql:  a script for psql, with reasons and undo; what needs thought is commented out
  --config FILE    the configuration; without it the environment decides. [advice.KIND] holds the thresholds
  --server NAME    only this one of several servers

dismiss: a running agent (http://127.0.0.1:9187, or --url) tells of it no more, until WHEN: a date, a time (RFC 3339), or
"90d" from now, which it is without --until. Its ids are in the answer of GET /api/v1/advice.

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
  return wrong_usage(
      "advise", "there is no advice of kind '" + kind + "'" +
                    (meant.empty() ? ": one of " + list : ". Did you mean '" + std::string(meant) + "'?"));
}

/// Those of the kinds that were named, or all that are enabled.
std::vector<const Advisor*> chosen(const std::vector<std::string>& kinds, const Config& config) {
  if (kinds.empty()) return enabled_advisors(config);
  std::vector<const Advisor*> list;
  for (const Advisor& advisor : rules::advice::advisors())
    if (std::ranges::find(kinds, advisor.kind) != kinds.end()) list.push_back(&advisor);
  return list;
}

std::expected<Report, Error> report_on(const Config& config,
                                       const ServerConfig& server,
                                       const std::vector<const Advisor*>& advisors) {
  const postgres::Interrupt interrupt;
  auto consultation = consult(config, server, advisors, interrupt);
  if (!consultation) return std::unexpected(consultation.error());
  const postgres::ServerFacts& facts = consultation->facts;
  return Report{server.name,
                fmt::format("{}{}, {}, Postgres {}", server.name.empty() ? "" : server.name + ": ",
                            facts.endpoint, to_string(facts.role), facts.short_version),
                std::move(consultation->opinions)};
}

void print_reports(const std::vector<Report>& reports, Printing printing) {
  if (printing == Printing::json) {
    fmt::print("{}", as_json(reports));
    return;
  }
  for (std::size_t i = 0; i < reports.size(); ++i)
    fmt::print("{}{}", i == 0 ? "" : "\n",
               printing == Printing::text ? as_text(reports[i]) : as_sql(reports[i]));
}

int advise(Arguments arguments) {
  const auto file = arguments.option("--config");
  const auto name = arguments.option("--server");
  const auto format = arguments.option("--format");
  std::vector<std::string> kinds;
  while (auto kind = arguments.option("--kind"))
    kinds.push_back(std::move(*kind));
  if (const auto what = arguments.word()) {
    if (*what != "dismiss") return wrong_usage("advise", "unexpected word '" + *what + "'");
    if (file || format || !kinds.empty())
      return wrong_usage("advise",
                         "dismiss asks a running agent, and takes no --config, --format and --kind");
    return dismiss_advice_command(std::move(arguments), name);
  }
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("advise", complaint);
  const auto printing = parse_printing(format.value_or("text"));
  if (!printing) return wrong_usage("advise", "unknown format '" + *format + "': text, json or sql");
  for (const std::string& kind : kinds)
    if (rules::advice::find_advisor(kind) == nullptr) return no_such_kind(kind);

  const auto config = load_config(file);
  if (!config) {
    print(config.error(), stderr);
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
  print_reports(reports, *printing);
  if (reports.size() < servers.size()) return 3;
  return std::ranges::any_of(reports, has_advice) ? 1 : 0;
}

}  // namespace

const Command k_advise_command{"advise", "say what would do a server good, with SQL", k_usage, advise};

}  // namespace pgvigil::agent
