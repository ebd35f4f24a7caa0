#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "collectors/model/error.h"
#include "collectors/postgres/connection.h"

namespace pgvigil::backups {

/// What backups are held against: the server as it runs.
struct LiveServer {
  std::uint64_t system_identifier = 0;
  std::uint64_t wal_segment_size = 0;  ///< bytes
  std::vector<std::string> databases;  ///< that can be connected to, without templates
};

/// Asks over a short session. Sends nothing that writes.
std::expected<LiveServer, Error> read_live_server(const postgres::ConnectionSettings& settings,
                                                  const postgres::Interrupt& interrupt,
                                                  Deadline deadline);

}  // namespace pgvigil::backups
