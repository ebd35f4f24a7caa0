#include <fmt/core.h>

#include <algorithm>

#include "agent/commands/commands.h"
#include "agent/commands/one_shot.h"
#include "agent/config/load.h"
#include "agent/notify/message/evidence_text.h"
#include "agent/runtime/collected_evidence.h"
#include "agent/text_table.h"
#include "collectors/evidence/evidence.h"
#include "rules/present.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_usage =
    R"(Shows what an alert would bring with it, now: who waits for whom, who holds the connections, ...

usage: pgvigil evidence NAME [--database NAME] [--format text|json] [--config FILE] [--server NAME]
       pgvigil evidence --list

  --list           what there is to see
  --database NAME  in this database, for what shows one only; else in the one that the configuration names
  --config FILE    the configuration; without it the environment decides
  --server NAME    on this one of several servers; else on all of them

What the agent takes from its collectors (pools, backups) is collected once for it. What it compares with the past it alone
can tell: GET /api/v1/evidence has what its alerts brought.

Texts of statements are shown without their literals.

exit status: 0 it was seen; 1 a server could not be asked or does not support it; 2 wrong usage or configuration
)";

struct Choices {
  std::string database;
  bool as_json = false;
};

std::string subject_of(const evidence::Definition& definition) {
  if (definition.asks.scope == collectors::Scope::database) return "a database";
  return definition.asks.kind == ServerKind::postgres ? "the server"
                                                      : std::string(to_string(definition.asks.kind));
}

int list(const std::vector<evidence::Definition>& definitions) {
  std::vector<std::vector<std::string>> rows = {{"evidence", "of", "shows"}};
  for (const auto& each : definitions)
    rows.push_back({each.asks.name, subject_of(each), each.asks.help});
  fmt::print("{}", aligned(rows));
  return 0;
}

int no_such_evidence(const std::vector<evidence::Definition>& definitions, const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& each : definitions)
    names.push_back(each.asks.name);
  const auto meant = nearest(name, names);
  fmt::print(stderr, "pgvigil evidence: there is no '{}'. {}\n", name,
             meant.empty() ? "'pgvigil evidence --list' shows what there is."
                           : fmt::format("Did you mean '{}'?", meant));
  return 2;
}

bool show(const evidence::Look& looked, const std::string& server, bool as_json) {
  const std::string who = server.empty() ? "" : server + ": ";
  if (const auto* seen = std::get_if<evidence::Evidence>(&looked)) {
    if (as_json)
      fmt::print("{}", evidence_json(*seen));
    else
      fmt::print("{}{}\n\n{}", who, seen->title, evidence_text(*seen));
    return true;
  }
  if (const auto* unsupported = std::get_if<Unsupported>(&looked))
    fmt::print(stderr, "{}unsupported: {}\n{}\n", who, unsupported->why, unsupported->mend);
  if (const auto* error = std::get_if<Error>(&looked))
    fmt::print(stderr, "{}{}: {}\n{}\n", who, to_string(error->kind), error->message, error->hint);
  return false;
}

/// Collects once what the evidence is read from.
evidence::Look look_at_series(const Config& config,
                              OneShot& session,
                              const evidence::Definition& definition) {
  const auto collected = CollectedEvidence::make(definition);
  if (!collected) return collected.error();
  if (collected->needs_past())
    return Unsupported{"it compares with the past, which only a running agent remembers",
                       "What its alerts brought is at /api/v1/evidence of the agent."};
  rules::Present series;
  for (const std::string& name : definition.collected->collectors) {
    const auto collector = std::ranges::find(config.definitions, name, &collectors::Definition::name);
    if (collector == config.definitions.end()) continue;
    auto run = session.run(*collector);
    if (auto* unsupported = std::get_if<Unsupported>(&run.outcome)) return std::move(*unsupported);
    if (auto* error = std::get_if<Error>(&run.outcome)) return std::move(*error);
    series.publish(name, std::make_shared<const Table>(std::move(std::get<Table>(run.outcome))),
                   promql::Labels::none(), std::chrono::milliseconds(std::chrono::minutes{5}).count());
  }
  auto seen = collected->look(series, std::chrono::system_clock::now());
  if (!seen) return seen.error();
  if (definition.collected->completes.empty()) return std::move(*seen);
  const auto more = session.look(completing(definition));
  if (const auto* of_server = std::get_if<evidence::Evidence>(&more))
    complete(*seen, *of_server, definition.collected->by);
  return std::move(*seen);
}

int look_at(const Config& config,
            const std::vector<const ServerConfig*>& servers,
            const evidence::Definition& definition,
            const Choices& choices) {
  bool all_seen = true;
  for (const ServerConfig* server : servers) {
    auto session = OneShot::open(config, *server, choices.database);
    const evidence::Look looked = !session               ? session.error()
                                  : definition.collected ? look_at_series(config, **session, definition)
                                                         : (*session)->look(definition);
    all_seen = show(looked, server->name, choices.as_json) && all_seen;
  }
  return all_seen ? 0 : 1;
}

int evidence_command(Arguments arguments) {
  const auto file = arguments.option("--config");
  const auto format = arguments.option("--format").value_or("text");
  const auto server = arguments.option("--server");
  const auto database = arguments.option("--database");
  const bool listing = arguments.flag("--list");
  const auto name = arguments.word();
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("evidence", complaint);
  if (!name && !listing) return wrong_usage("evidence", "which evidence? Name one, or ask for --list");
  if (format != "text" && format != "json")
    return wrong_usage("evidence", "unknown format '" + format + "': text or json");

  const auto definitions = evidence::builtin();
  if (listing) return list(definitions);
  const auto found = std::ranges::find(definitions, *name, [](const auto& each) { return each.asks.name; });
  if (found == definitions.end()) return no_such_evidence(definitions, *name);
  const auto config = load_config(file);
  if (!config) {
    for (const Diagnostic& diagnostic : config.error())
      fmt::print(stderr, "{}\n", to_string(diagnostic));
    return 2;
  }
  auto servers = servers_for("evidence", *config, server);
  if (servers.empty()) return 2;
  const ServerKind kind = found->asks.kind;
  std::erase_if(servers, [&](const ServerConfig* each) { return each->kind != kind; });
  if (servers.empty()) {
    fmt::print(stderr, "pgvigil evidence: '{}' is of {}, which is not watched.\n", *name, to_string(kind));
    return 1;
  }
  return look_at(*config, servers, *found, {database.value_or(""), format == "json"});
}

}  // namespace

const Command k_evidence_command{"evidence", "show what an alert would bring with it, now", k_usage,
                                 evidence_command};

}  // namespace pgvigil::agent
