#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "collectors/backups/model/backup.h"
#include "collectors/model/error.h"
#include "collectors/postgres/connection.h"

namespace pgvigil::backups {

/// What backups are held against: the server as it runs.
struct LiveServer {
  std::uint64_t system_identifier = 0;
  std::uint64_t version = 0;           ///< server_version_num: 170002; 0: not told
  std::uint64_t wal_segment_size = 0;  ///< bytes
  std::vector<std::string> databases;  ///< that can be connected to, without templates
  std::string data_directory;          ///< empty: this role may not see it
  /// Of WAL, for incremental base backups; nothing before 17 and while summarize_wal is off.
  struct Summaries {
    std::chrono::milliseconds kept{0};  ///< wal_summary_keep_time; 0: for ever
    std::optional<std::uint64_t>
        oldest;  ///< position from which on there are summaries; nothing: there are none
  };
  std::optional<Summaries> summaries;
  std::optional<std::uint64_t> wal_position;  ///< bytes: written, or replayed on a standby
  std::vector<Tablespace> tablespaces;        ///< beside pg_default and pg_global
  /// A session in which a tool takes a backup.
  struct Session {
    std::string application;
    std::optional<Timestamp> since;
    bool streams = false;  ///< the server itself sends the files: pg_stat_progress_basebackup
    std::optional<std::uint64_t> size;
    std::optional<std::uint64_t> done;
  };
  std::vector<Session> sessions;
  std::map<std::string, std::uint64_t> database_sizes;  ///< bytes by name; empty: not asked, or not told
};

/// Whether pg_database_size() is asked as well: it looks at every file.
enum class Ask : std::uint8_t { facts, facts_and_sizes };

/// Asks over a short session. Sends nothing that writes.
std::expected<LiveServer, Error> read_live_server(const postgres::ConnectionSettings& settings,
                                                  const postgres::Interrupt& interrupt,
                                                  Deadline deadline,
                                                  Ask ask);

}  // namespace pgvigil::backups
