#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "collectors/evidence/evidence.h"
#include "collectors/local_collector.h"
#include "collectors/model/outcome.h"
#include "collectors/plan.h"
#include "collectors/postgres/connection.h"
#include "collectors/postgres/server_facts.h"

namespace pgvigil::agent {

/// One session, or a look at the host or its backups, for a command that looks once and ends: `check`,
/// `collect`.
class OneShot {
 public:
  /// `config` and `server` must outlive it.
  /// `database` replaces the one of the configuration, unless empty.
  static std::expected<std::unique_ptr<OneShot>, Error> open(const Config& config,
                                                             const ServerConfig& server,
                                                             const std::string& database = {});

  const postgres::ServerFacts& facts() const { return facts_; }
  double connect_seconds() const { return connect_seconds_; }

  struct Run {
    Outcome outcome;
    double seconds = 0;
  };
  /// Plans and runs one collector, in the database of the session.
  Run run(const collectors::Definition& definition);
  /// Looks for evidence, in the database of the session.
  evidence::Look look(const evidence::Definition& definition);

 private:
  OneShot(const Config& config, const ServerConfig& server, std::string database)
      : config_(config), server_(server), database_(std::move(database)) {}
  std::expected<void, Error> reconnect();
  Outcome collect(const collectors::Plan& plan, const collectors::CollectLimits& limits);

  const Config& config_;
  const ServerConfig& server_;
  const std::string database_;
  postgres::Interrupt interrupt_;
  std::optional<postgres::Connection> connection_;
  std::unique_ptr<collectors::LocalCollector> local_;  // instead of a connection
  postgres::ServerFacts facts_;
  double connect_seconds_ = 0;
};

/// The servers that a command is for: all of them, or the one that --server names. Empty when there is none
/// of that name, or none at all: that is said on standard error.
std::vector<const ServerConfig*> servers_for(std::string_view command,
                                             const Config& config,
                                             const std::optional<std::string>& name);

}  // namespace pgvigil::agent
