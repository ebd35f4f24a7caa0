#include "agent/commands/one_shot.h"

#include <fmt/core.h>

#include "agent/config/limits.h"
#include "agent/elapsed.h"
#include "agent/watching/target/local_collectors.h"
#include "collectors/sql_collector.h"
#include "collectors/stages/stages.h"

namespace pgvigil::agent {
namespace {

using std::chrono::steady_clock;

}  // namespace

std::expected<std::unique_ptr<OneShot>, Error> OneShot::open(const Config& config,
                                                             const ServerConfig& server,
                                                             const std::string& database) {
  std::unique_ptr<OneShot> session(new OneShot(config, server, database));
  if (is_local(server.kind)) {
    session->local_ = local_collector(server);
    session->facts_.kind = server.kind;
    return session;
  }
  if (auto connected = session->reconnect(); !connected) return std::unexpected(connected.error());
  auto facts =
      postgres::read_facts(*session->connection_, server.kind, steady_clock::now() + server.connect_timeout);
  if (!facts) return std::unexpected(facts.error());
  session->facts_ = std::move(*facts);
  return session;
}

std::expected<void, Error> OneShot::reconnect() {
  const auto start = steady_clock::now();
  auto connection =
      postgres::Connection::open(server_.connection, interrupt_, start + server_.connect_timeout, database_);
  if (!connection) return std::unexpected(connection.error());
  connection_ = std::move(*connection);
  connect_seconds_ = seconds_since(start);
  return {};
}

OneShot::Run OneShot::run(const collectors::Definition& definition) {
  const auto start = steady_clock::now();
  auto planned = collectors::plan(definition, facts_, config_.generation);
  if (auto* unsupported = std::get_if<Unsupported>(&planned)) return {std::move(*unsupported), 0};
  if (!local_ && !connection_->usable())
    if (auto connected = reconnect(); !connected) return {connected.error(), seconds_since(start)};

  const auto& plan = std::get<collectors::Plan>(planned);
  const collectors::CollectLimits limits = limits_of(config_, definition.name);
  auto outcome = collect(plan, limits);
  // What takes two runs to know (rates) is absent.
  if (auto* table = std::get_if<Table>(&outcome))
    outcome = *collectors::Stages(limits).apply(plan, std::move(*table));
  return {std::move(outcome), seconds_since(start)};
}

evidence::Look OneShot::look(const evidence::Definition& definition) {
  return evidence::look(definition, facts_, *connection_, {server_.lock_timeout},
                        steady_clock::now() + definition.asks.timeout);
}

Outcome OneShot::collect(const collectors::Plan& plan, const collectors::CollectLimits& limits) {
  const Deadline deadline = steady_clock::now() + plan.definition->timeout;
  if (local_) return local_->collect(plan, limits, deadline, {});
  collectors::SqlCollector collector(plan, limits);
  const auto outcome = collector.collect(*connection_, {server_.lock_timeout}, deadline);
  if (!outcome) return outcome.error();
  return std::move(collector).finish(std::chrono::system_clock::now());
}

std::vector<const ServerConfig*> servers_for(std::string_view command,
                                             const Config& config,
                                             const std::optional<std::string>& name) {
  std::vector<const ServerConfig*> servers;
  std::vector<std::string> titles;
  for (const ServerConfig& server : config.servers) {
    titles.push_back(title_of(server.kind, server.name));
    if (!name || titles.back() == *name) servers.push_back(&server);
  }
  if (config.servers.empty()) {
    fmt::print(stderr,
               "pgvigil {}: the configuration names no server. Only a running agent knows those that /probe "
               "asks for.\n",
               command);
  } else if (servers.empty()) {
    const std::vector<std::string_view> names(titles.begin(), titles.end());
    const auto meant = nearest(*name, names);
    fmt::print(stderr, "pgvigil {}: no server is called '{}'. {}\n", command, *name,
               meant.empty() ? "A server's name is what the configuration says in [[server]] or [[pooler]]."
                             : fmt::format("Did you mean '{}'?", meant));
  }
  return servers;
}

}  // namespace pgvigil::agent
