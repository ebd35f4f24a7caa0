#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/watching/watch.h"
#include "collectors/evidence/evidence.h"
#include "collectors/postgres/connection.h"

namespace pgvigil::agent {

/// A session for one question after the other, in the database that each is about; all of them by `end`.
/// Where the server has no room for one, the session that the collectors hold is asked: who holds all
/// connections is wanted just then. What it is given must outlive it. Not thread-safe.
class Interview {
 public:
  Interview(const Watch& watch,
            const postgres::ServerFacts& facts,
            Deadline end,
            const std::stop_token& stop);

  evidence::Look ask(const evidence::Definition& definition, const std::string& database);

 private:
  evidence::Look ask_in(postgres::Connection& session, const evidence::Definition& definition) const;
  evidence::Look ask_held_session(const evidence::Definition& definition, const std::string& database) const;
  std::optional<Error> open(const std::string& database);

  const Watch& watch_;
  const ServerConfig& server_;
  const postgres::ServerFacts& facts_;
  const std::stop_token stop_;
  const Deadline end_;
  postgres::Interrupt interrupt_;
  std::stop_callback<std::function<void()>> raise_;
  std::optional<postgres::Connection> session_;
  std::string database_;
  std::optional<Error> refused_;
};

}  // namespace pgvigil::agent
