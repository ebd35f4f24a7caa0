#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "agent/commands/commands.h"
#include "agent/commands/one_shot.h"
#include "agent/commands/print.h"
#include "agent/config/history_bound.h"
#include "agent/config/load.h"
#include "agent/runtime/rule_book.h"
#include "collectors/host/memory_limit.h"
#include "collectors/model/quantity.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_usage =
    R"(Checks everything before it matters: the configuration, every definition and rule,
the connection, and each collector by running it once.

usage: pgvigil check [--config FILE] [--server NAME]

  --config FILE   the configuration; without it the environment decides
                  (DATA_SOURCE_NAME, DATA_SOURCE_URI/USER/PASS, or libpq's PG*)
  --server NAME   only this one of several servers

Grants that are missing are printed as SQL. Nothing is written anywhere.
Warnings about rules of your own say what is likely to be wrong with them.
exit status: 0 all is well, if need be without an extension that would show more, or with warnings;
             1 a collector fails or lacks a grant;
             2 the configuration or a rule is wrong, or a server cannot be reached
)";

/// What the dry run of all collectors found.
class Report {
 public:
  void add(const collectors::Definition& definition,
           const postgres::ServerFacts& facts,
           const OneShot::Run& run) {
    if (const auto* table = std::get_if<Table>(&run.outcome)) {
      ++good_;
      series_ += table->series();
      rows_.push_back({definition.name, "good", milliseconds(run.seconds), std::to_string(table->rows()),
                       std::to_string(table->series()), ""});
    } else if (const auto* unsupported = std::get_if<Unsupported>(&run.outcome)) {
      ++unsupported_;
      rows_.push_back({definition.name, "unsupported", "-", "-", "-", unsupported->why});
      if (definition.kind != ServerKind::postgres && !unsupported->mend.empty()) {
        hints_.push_back(definition.name + ": " + unsupported->mend);
        return;
      }
      if (!unsupported->mend.empty()) mends_[unsupported->mend].insert(definition.name);
      // Whether to install an extension is for the user to choose.
      const bool has_extension = definition.extension.empty() || facts.has_extension(definition.extension);
      lacks_grant_ = lacks_grant_ || (!unsupported->mend.empty() && has_extension);
    } else {
      const auto& error = std::get<Error>(run.outcome);
      ++failed_;
      rows_.push_back({definition.name, "failed", milliseconds(run.seconds), "-", "-", error.message});
      if (!error.hint.empty()) hints_.push_back(definition.name + ": " + error.hint);
    }
  }

  /// A role without which the collector sees less than there is.
  void add_wanted(const collectors::Definition& definition, const postgres::ServerFacts& facts) {
    if (definition.wants.empty() || facts.has_role(definition.wants)) return;
    lacks_grant_ = true;
    mends_["GRANT " + definition.wants + " TO \"" + facts.user + "\";"].insert(definition.name);
  }

  int print() const {
    fmt::print("\n{}", aligned(rows_));
    for (const std::string& hint : hints_)
      fmt::print("\n{}", hint);
    if (!mends_.empty()) fmt::print("\nTo let more be seen, as a superuser:\n");
    for (const auto& [sql, collectors] : mends_)
      fmt::print("  {:<40}  -- {}\n", sql, joined(collectors));
    fmt::print("\n{} good, {} failed, {} unsupported; {} series in all\n", good_, failed_, unsupported_,
               series_);
    return failed_ > 0 || lacks_grant_ ? 1 : 0;
  }

 private:
  static std::string milliseconds(double seconds) { return fmt::format("{:.1f}", seconds * 1000); }
  static std::string joined(const std::set<std::string>& names) {
    std::string text;
    for (const std::string& name : names)
      text += (text.empty() ? "" : ", ") + name;
    return text;
  }

  std::vector<std::vector<std::string>> rows_ = {{"collector", "state", "ms", "rows", "series", ""}};
  std::vector<std::string> hints_;
  std::map<std::string, std::set<std::string>> mends_;  // SQL -> the collectors that it is for
  bool lacks_grant_ = false;
  int good_ = 0;
  int failed_ = 0;
  int unsupported_ = 0;
  std::size_t series_ = 0;
};

/// Connects and runs each collector once. The exit status of this server.
int check_server(const Config& config, const ServerConfig& server) {
  if (!server.name.empty() || is_local(server.kind))
    fmt::print("\n== {} ==\n", title_of(server.kind, server.name));
  auto session = OneShot::open(config, server);
  if (!session) {
    fmt::print(stderr, "server         {}{} ({})\n{}\n", server.name.empty() ? "" : server.name + ": ",
               session.error().message, to_string(session.error().kind), session.error().hint);
    return 2;
  }
  const auto& facts = (*session)->facts();
  if (server.kind == ServerKind::postgres)
    fmt::print("server         Postgres {}, {}, database {}, user {}, connected in {:.1f} ms\n",
               facts.short_version, to_string(facts.role), facts.database, facts.user,
               (*session)->connect_seconds() * 1000);
  else if (server.kind == ServerKind::host)
    fmt::print("host           cgroup {}\n", server.host.cgroup.empty() ? "not named" : server.host.cgroup);
  else if (server.kind == ServerKind::patroni)
    fmt::print("Patroni        {}\n", server.patroni.url);
  else if (server.kind == ServerKind::backups)
    fmt::print("backups        {} configured\n", server.backups.sources.size());
  else
    fmt::print("pooler         {} {}, database {}, user {}, connected in {:.1f} ms\n", to_string(server.kind),
               facts.short_version, facts.database, facts.user, (*session)->connect_seconds() * 1000);

  Report report;
  for (const collectors::Definition& definition : config.definitions) {
    if (!definition.enabled || definition.kind != server.kind) continue;
    report.add(definition, facts, (*session)->run(definition));
    report.add_wanted(definition, facts);
  }
  return report.print();
}

/// How much of the past is kept, and why so much.
std::string history_line(const Config& config) {
  const HistoryBound bound = history_bound(config.history, host::own_memory_limit());
  std::string line = "up to " + bytes_text(bound.most);
  if (bound.of_limit)
    line +=
        ", an eighth of the memory limit of " + bytes_text(*bound.of_limit) + "; [history] max_bytes sets it";
  return line;
}

/// The configuration and the rules, as the agent would take them; mistakes are printed.
std::optional<Config> read_configuration(const std::optional<std::string>& file) {
  auto config = load_config(file);
  const auto rules = config ? load_judged_rules(*config) : std::unexpected(config.error());
  if (!rules) {
    print(rules.error(), stderr);
    return std::nullopt;
  }
  const auto enabled = std::ranges::count_if(config->definitions, &collectors::Definition::enabled);
  fmt::print("configuration  {}: good, {} of {} collectors enabled\n",
             config->file.empty() ? "from the environment" : config->file, enabled,
             config->definitions.size());
  fmt::print("rules          {} in force, {} warnings\n", rules->rules.size(), rules->warnings.size());
  print(rules->warnings, stdout);
  fmt::print("history        {}\n", history_line(*config));
  return std::move(*config);
}

int check(Arguments arguments) {
  const auto file = arguments.option("--config");
  const auto name = arguments.option("--server");
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("check", complaint);

  const auto config = read_configuration(file);
  if (!config) return 2;
  if (config->servers.empty() && !name) {
    fmt::print("no server is named: only a running agent knows those that /probe asks for\n");
    return 0;
  }
  const auto servers = servers_for("check", *config, name);
  if (servers.empty()) return 2;
  int worst = 0;
  for (const ServerConfig* server : servers)
    worst = std::max(worst, check_server(*config, *server));
  return worst;
}

}  // namespace

const Command k_check_command{"check", "lint everything, connect, and run each collector once", k_usage,
                              check};

}  // namespace pgvigil::agent
