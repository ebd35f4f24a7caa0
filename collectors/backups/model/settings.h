#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/backups/model/schedule.h"
#include "collectors/model/units.h"
#include "collectors/postgres/connection_settings.h"

namespace pgvigil::backups {

/// Who makes the backups.
enum class Tool : std::uint8_t { pgbackrest, barman, wal_g, dumps, base_backups, cloudnativepg };

/// The words of the configuration and of labels, in the order of the enumerators.
inline constexpr std::array<std::string_view, 6> k_tool_words = {
    "pgbackrest", "barman", "wal-g", "dumps", "base-backups", "cloudnativepg"};

constexpr std::string_view to_string(Tool tool) {
  return k_tool_words.at(static_cast<std::size_t>(tool));
}

/// What the backups of a source must be like.
struct Policy {
  std::chrono::milliseconds max_age = std::chrono::hours{36};           ///< of the newest of any kind
  std::chrono::milliseconds max_age_full = std::chrono::hours{8 * 24};  ///< of the newest that stands alone
  std::optional<Schedule> schedule;                            ///< when they are due; nothing: it is learned
  std::chrono::milliseconds grace = std::chrono::minutes{90};  ///< from then until they are late
  std::size_t daily = 0;                                       ///< slots that must be filled; 0: none
  std::size_t weekly = 0;
  std::size_t monthly = 0;
  std::size_t yearly = 0;
  bool globals = true;                           ///< a dump without roles and tablespaces is not whole
  bool encrypted = false;                        ///< they must be
  std::chrono::milliseconds restored_within{0};  ///< since the last drill that succeeded; 0: not asked for
  std::chrono::milliseconds window{0};           ///< any moment within it can be restored; 0: not asked for
  std::chrono::milliseconds oldest{0};  ///< the oldest sound backup is at least as old; 0: not asked for
  std::size_t least = 1;                ///< sound ones that stay when the tool removes old ones
  std::chrono::milliseconds outlook =
      std::chrono::hours{30 * 24};  ///< how far ahead growing durations are looked at
  double least_size = 0;            ///< in relation to the database; 0: by the tool
  bool off_host = false;            ///< not on the host of the database
  bool immutable = false;           ///< nobody can change or remove them
  bool operator==(const Policy&) const = default;
};

/// One [[backup]] of the configuration: where backups of a server are looked for, and what they must be like.
struct Source {
  std::string name;  ///< label `backup`
  Tool tool = Tool::pgbackrest;
  std::string server;       ///< the [[server]] that they are of; empty: the only one
  std::string program;      ///< of the tool; empty: as it is called in PATH
  std::string config_file;  ///< of the tool; empty: its own preset
  std::string stanza;       ///< of pgBackRest; the server of Barman; the cluster of CloudNativePG
  std::string directory;    ///< of dumps and base backups; of CloudNativePG: of the service account
  std::string file;         ///< JSON that somebody else writes, instead of running the tool
  std::string archive;      ///< JSON of repo-ls or wal-verify beside `file`; the folder of Barman's WAL
  std::string drills;       ///< folder of the results of restore drills
  bool checksums = true;    ///< files of base backups are read and compared with their sums
  bool immutable = false;   ///< the storage is declared to be so
  std::vector<std::string> databases;  ///< that every dump must have; empty: those of the server
  std::optional<Bytes> wal_segment_size;
  Bytes unpack_memory{24 << 20};  ///< that one file may take
  std::chrono::milliseconds every{300'000};
  std::chrono::milliseconds timeout{60'000};
  Policy policy;
  bool operator==(const Source&) const = default;
};

/// The sources of one server's backups.
struct Watched {
  std::vector<Source> sources;
  std::optional<postgres::ConnectionSettings>
      server;  ///< what they are held against; nothing: no server is configured
  bool operator==(const Watched&) const = default;
};

}  // namespace pgvigil::backups
