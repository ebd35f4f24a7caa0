#pragma once

#include <expected>
#include <span>
#include <vector>

#include "agent/config/config.h"
#include "collectors/model/error.h"
#include "collectors/postgres/interrupt.h"
#include "collectors/postgres/server_facts.h"
#include "rules/advice/catalog.h"

namespace pgvigil::agent {

/// What advisors make of one look at a server.
struct Consultation {
  postgres::ServerFacts facts;
  Timestamp at;
  std::vector<rules::advice::Opinion> opinions;  ///< in the order of the advisors
};

/// The advisors of kinds that the configuration has switched on.
std::vector<const rules::advice::Advisor*> enabled_advisors(const Config& config);

/// Looks at the server (see gather()) and asks the advisors. Texts of statements are read only where the
/// configuration has switched these on. An error is that of the server as a whole.
std::expected<Consultation, Error> consult(const Config& config,
                                           const ServerConfig& server,
                                           std::span<const rules::advice::Advisor* const> advisors,
                                           const postgres::Interrupt& interrupt);

}  // namespace pgvigil::agent
