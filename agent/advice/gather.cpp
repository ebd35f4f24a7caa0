#include "agent/advice/gather.h"

#include <algorithm>
#include <list>
#include <optional>

#include "agent/config/limits.h"
#include "collectors/host/host_collector.h"
#include "collectors/label_filter.h"
#include "collectors/postgres/connection.h"
#include "collectors/sql_collector.h"
#include "collectors/stages/stages.h"

namespace pgvigil::agent {
namespace {

using collectors::Definition;
using std::chrono::steady_clock;

/// One collector on its way through the databases.
struct Run {
  Run(Definition chosen, collectors::CollectLimits bounds)
      : definition(std::move(chosen)), limits(std::move(bounds)) {}

  Definition definition;
  collectors::CollectLimits limits;
  std::optional<collectors::Plan> plan;
  std::optional<collectors::SqlCollector> collector;
  bool collected = false;  ///< in one database at least
};

class Gatherer {
 public:
  Gatherer(const Config& config, const ServerConfig& server, const postgres::Interrupt& interrupt)
      : config_(config), server_(server), interrupt_(interrupt) {}

  std::expected<Gathered, Error> gather(std::span<const std::string_view> wanted) {
    if (auto looked = look_at_server(wanted); !looked) return std::unexpected(looked.error());
    if (auto toured = tour(); !toured) return std::unexpected(toured.error());
    for (Run& run : runs_)
      finish(run);
    return std::move(gathered_);
  }

 private:
  rules::advice::Look& look() { return gathered_.look; }

  std::expected<postgres::Connection, Error> open(const std::string& database) {
    return postgres::Connection::open(server_.connection, interrupt_,
                                      steady_clock::now() + server_.connect_timeout, database);
  }

  /// What the server is, and what one session tells of it.
  std::expected<void, Error> look_at_server(std::span<const std::string_view> wanted) {
    auto connection = open("");
    if (!connection) return std::unexpected(connection.error());
    auto facts =
        postgres::read_facts(*connection, server_.kind, steady_clock::now() + server_.connect_timeout);
    if (!facts) return std::unexpected(facts.error());
    gathered_.facts = std::move(*facts);
    look().now = std::chrono::system_clock::now();
    look().is_standby = gathered_.facts.role == postgres::Role::standby;
    look().user = gathered_.facts.user;
    for (const std::string_view name : wanted)
      begin(name);
    visit(*connection, [&](const Run& run) { return !is_on_tour(run); });
    return {};
  }

  bool is_on_tour(const Run& run) const {
    return run.definition.scope == collectors::Scope::database && !server_.databases.empty();
  }

  /// Plans a collector, as if it were switched on and had no limit of rows.
  void begin(std::string_view name) {
    const auto found = std::ranges::find(config_.definitions, name, &Definition::name);
    if (found == config_.definitions.end()) {
      look().missing.emplace(name, "there is no such collector");
      return;
    }
    if (found->kind == ServerKind::host) return look_at_host(*found);
    Run& run = runs_.emplace_back(*found, limits_of(config_, found->name));
    run.definition.top.reset();
    auto planned = collectors::plan(run.definition, gathered_.facts, config_.generation);
    if (auto* unsupported = std::get_if<Unsupported>(&planned)) {
      look().missing.emplace(name,
                             unsupported->why + (unsupported->mend.empty() ? "" : ": " + unsupported->mend));
      runs_.pop_back();
      return;
    }
    run.plan = std::move(std::get<collectors::Plan>(planned));
    run.collector.emplace(*run.plan, run.limits);
  }

  void look_at_host(const Definition& definition) {
    if (config_.host == host::HostPaths{}) return;
    postgres::ServerFacts facts;
    facts.kind = ServerKind::host;
    auto planned = collectors::plan(definition, facts, config_.generation);
    const auto* plan = std::get_if<collectors::Plan>(&planned);
    if (plan == nullptr) return;
    host::HostCollector collector(config_.host);
    auto outcome = collector.collect(*plan, limits_of(config_, definition.name),
                                     steady_clock::now() + definition.timeout, {});
    if (auto* table = std::get_if<Table>(&outcome))
      look().tables.emplace(definition.name, std::make_shared<const Table>(std::move(*table)));
  }

  template <typename IsDue>
  void visit(postgres::Connection& connection, IsDue is_due) {
    const std::string database = connection.database();
    for (Run& run : runs_) {
      if (!is_due(run)) continue;
      if (!connection.usable()) {
        note_failure(run, database, "the session was lost");
        continue;
      }
      const auto outcome = run.collector->collect(connection, {server_.lock_timeout},
                                                  steady_clock::now() + run.definition.timeout);
      if (outcome)
        run.collected = true;
      else
        note_failure(run, database, outcome.error().message);
    }
  }

  /// Each watched database, one after the other.
  std::expected<void, Error> tour() {
    const auto is_due = [&](const Run& run) { return is_on_tour(run); };
    for (const std::string& database : collectors::chosen_by(server_.databases, gathered_.facts.databases)) {
      if (interrupt_.raised())
        return std::unexpected(Error{ErrorKind::interrupted, "pgvigil is stopping", ""});
      auto connection = open(database);
      if (connection) {
        visit(*connection, is_due);
        continue;
      }
      for (Run& run : runs_)
        if (is_due(run)) note_failure(run, database, connection.error().message);
    }
    return {};
  }

  void note_failure(const Run& run, const std::string& database, const std::string& why) {
    look().unseen[run.definition.name].insert(database);
    look().missing[run.definition.name] = why;
  }

  void finish(Run& run) {
    if (!run.collected) {
      look().unseen.erase(run.definition.name);
      look().missing.emplace(run.definition.name, "no database is chosen by the setting 'databases'");
      return;
    }
    look().missing.erase(run.definition.name);
    Table raw = std::move(*run.collector).finish(look().now);
    // What takes two runs to know (rates) is absent.
    if (auto table = collectors::Stages(run.limits).apply(*run.plan, std::move(raw)))
      look().tables.emplace(run.definition.name, std::make_shared<const Table>(std::move(*table)));
  }

  const Config& config_;
  const ServerConfig& server_;
  const postgres::Interrupt& interrupt_;
  Gathered gathered_;
  std::list<Run> runs_;  // plans point into their definitions
};

}  // namespace

std::expected<Gathered, Error> gather(const Config& config,
                                      const ServerConfig& server,
                                      std::span<const std::string_view> collectors,
                                      const postgres::Interrupt& interrupt) {
  return Gatherer(config, server, interrupt).gather(collectors);
}

}  // namespace pgvigil::agent
