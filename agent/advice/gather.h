#pragma once

#include <expected>
#include <span>
#include <string_view>

#include "agent/config/config.h"
#include "collectors/model/error.h"
#include "collectors/postgres/interrupt.h"
#include "collectors/postgres/server_facts.h"
#include "rules/advice/look.h"

namespace pgvigil::agent {

/// A look for the advisors, and at what.
struct Gathered {
  rules::advice::Look look;
  postgres::ServerFacts facts;
};

/// Runs these collectors once, whether they are switched on or not, and without the limit of [top]: in one
/// session at a time, first in the database of the DSN, then in each other database that `server` watches.
/// What one of them cannot give is told in the look; an error is that of the server as a whole. `interrupt`
/// ends it within a moment.
std::expected<Gathered, Error> gather(const Config& config,
                                      const ServerConfig& server,
                                      std::span<const std::string_view> collectors,
                                      const postgres::Interrupt& interrupt);

}  // namespace pgvigil::agent
