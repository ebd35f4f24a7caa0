#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <vector>

#include "agent/config/config.h"
#include "collectors/model/outcome.h"
#include "collectors/plan.h"
#include "collectors/postgres/connection.h"
#include "collectors/postgres/server_facts.h"

namespace pgvigil::agent {

/// One session for a command that looks once and ends: `check`, `collect`.
class OneShot {
 public:
  static std::expected<std::unique_ptr<OneShot>, Error> open(const Config& config);

  const postgres::ServerFacts& facts() const { return facts_; }
  double connect_seconds() const { return connect_seconds_; }

  struct Run {
    Outcome outcome;
    double seconds = 0;
  };
  /// Plans and runs one collector, in the database of the session.
  Run run(const collectors::Definition& definition);

 private:
  explicit OneShot(const Config& config) : config_(config) {}
  std::expected<void, Error> reconnect();

  const Config& config_;
  postgres::Interrupt interrupt_;
  std::optional<postgres::Connection> connection_;
  postgres::ServerFacts facts_;
  double connect_seconds_ = 0;
};

}  // namespace pgvigil::agent
