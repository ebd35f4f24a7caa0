#include <fmt/core.h>

#include <algorithm>

#include "agent/commands/commands.h"
#include "agent/commands/one_shot.h"
#include "agent/commands/print.h"
#include "agent/config/load.h"
#include "agent/watching/exposition/exposition.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_usage = R"(Runs one collector once and prints what it gives.

usage: pgvigil collect NAME [--format table|metrics|json] [--config FILE] [--server NAME]
       pgvigil collect --list [--config FILE]

  --format FORMAT  table: columns for people (the default); metrics: as /metrics shows it;
                   json: columns with their types, and rows; of several servers a list of these
  --list           the collectors, with their intervals and what they measure
  --config FILE    the configuration; without it the environment decides
  --server NAME    on this one of several servers; else on all of them

exit status: 0 it gave a table; 1 it failed or a server does not support it; 2 wrong usage or configuration
)";

enum class Printing : std::uint8_t { table, metrics, json };

std::optional<Printing> parse_printing(std::string_view word) {
  if (word == "table") return Printing::table;
  if (word == "metrics") return Printing::metrics;
  if (word == "json") return Printing::json;
  return std::nullopt;
}

void print_metrics(const std::vector<ServerTable>& tables) {
  std::vector<LabelledTable> labelled;
  for (const ServerTable& each : tables)
    labelled.push_back({each.table, each.labels});
  render(labelled, Format::text, [](std::string_view piece) { fmt::print("{}", piece); });
}

/// As if there were no list when there is one server.
void print_tables(const std::vector<ServerTable>& tables, std::size_t servers, Printing printing) {
  const bool is_only = servers == 1 && tables.size() == 1;
  switch (printing) {
    case Printing::table:
      fmt::print("{}", is_only ? as_text(tables[0].table) : as_text(tables));
      return;
    case Printing::json:
      fmt::print("{}", is_only ? as_json(tables[0].table) : as_json(tables));
      return;
    case Printing::metrics:
      print_metrics(tables);
      return;
  }
}

/// Tells why there is no table.
void explain(const OneShot::Run& run, const std::string& server) {
  const std::string who = server.empty() ? "" : server + ": ";
  if (const auto* unsupported = std::get_if<Unsupported>(&run.outcome))
    fmt::print(stderr, "{}unsupported: {}\n{}\n", who, unsupported->why, unsupported->mend);
  else if (const auto* error = std::get_if<Error>(&run.outcome))
    fmt::print(stderr, "{}{}: {}\n{}\n", who, to_string(error->kind), error->message, error->hint);
}

int collect_from(const Config& config,
                 const std::vector<const ServerConfig*>& servers,
                 const collectors::Definition& definition,
                 Printing printing) {
  std::vector<ServerTable> tables;
  for (const ServerConfig* server : servers) {
    auto session = OneShot::open(config, *server);
    auto run = session ? (*session)->run(definition) : OneShot::Run{session.error(), 0};
    if (auto* table = std::get_if<Table>(&run.outcome))
      tables.push_back({server->name, constant_labels(labels_of(config, *server)), std::move(*table)});
    else
      explain(run, server->name);
  }
  if (!tables.empty()) print_tables(tables, servers.size(), printing);
  return tables.size() == servers.size() ? 0 : 1;
}

int list(const Config& config) {
  std::vector<std::vector<std::string>> rows = {{"collector", "every", "enabled", "measures"}};
  for (const auto& definition : config.definitions)
    rows.push_back(
        {definition.name,
         fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(definition.every).count()),
         definition.enabled ? "yes" : "no", definition.help});
  fmt::print("{}", aligned(rows));
  return 0;
}

int no_such_collector(const Config& config, const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& definition : config.definitions)
    names.push_back(definition.name);
  const auto meant = nearest(name, names);
  fmt::print(
      stderr, "pgvigil collect: no collector is called '{}'. {}\n", name,
      meant.empty() ? "'pgvigil collect --list' shows them all." : fmt::format("Did you mean '{}'?", meant));
  return 2;
}

int collect(Arguments arguments) {
  const auto file = arguments.option("--config");
  const auto format = arguments.option("--format");
  const auto server = arguments.option("--server");
  const bool listing = arguments.flag("--list");
  const auto name = arguments.word();
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("collect", complaint);
  if (!name && !listing) return wrong_usage("collect", "which collector? Name one, or ask for --list");
  const auto printing = parse_printing(format.value_or("table"));
  if (!printing) return wrong_usage("collect", "unknown format '" + *format + "': table, metrics or json");

  const auto config = load_config(file);
  if (!config) {
    print(config.error(), stderr);
    return 2;
  }
  if (listing) return list(*config);
  const auto definition = std::ranges::find(config->definitions, *name, &collectors::Definition::name);
  if (definition == config->definitions.end()) return no_such_collector(*config, *name);

  auto servers = servers_for("collect", *config, server);
  if (servers.empty()) return 2;
  std::erase_if(servers, [&](const ServerConfig* each) { return each->kind != definition->kind; });
  if (servers.empty()) {
    fmt::print(stderr, "pgvigil collect: '{}' is for {}, which is not watched.\n", *name,
               to_string(definition->kind));
    return 1;
  }
  return collect_from(*config, servers, *definition, *printing);
}

}  // namespace

const Command k_collect_command{"collect", "run one collector once and print what it gives", k_usage,
                                collect};

}  // namespace pgvigil::agent
