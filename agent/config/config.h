#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collectors/definition.h"
#include "collectors/label_filter.h"
#include "collectors/model/units.h"
#include "collectors/postgres/connection_settings.h"

namespace pgvigil::agent {

/// [http]: where pgvigil serves, and its limits.
struct HttpConfig {
  std::string host = "0.0.0.0";
  int port = 9187;
  int threads = 4;
  std::size_t max_connections = 64;  ///< open or waiting; further ones are closed at once

  bool operator==(const HttpConfig&) const = default;
};

/// [log]
enum class LogFormat : std::uint8_t { logfmt, json };
enum class LogLevel : std::uint8_t { debug, info, warning, error };
struct LogConfig {
  LogFormat format = LogFormat::logfmt;
  LogLevel level = LogLevel::info;

  bool operator==(const LogConfig&) const = default;
};

/// [server]: the Postgres server that is watched.
struct ServerConfig {
  postgres::ConnectionSettings connection;
  std::string origin;               ///< where the connection was named, for people: "DATA_SOURCE_NAME"
  std::size_t max_connections = 2;  ///< held at most; one more is opened for a moment per further database
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds lock_timeout{100};
  std::chrono::milliseconds canary{
      10'000};  ///< between short sessions that test whether one gets in; 0: none
  std::chrono::milliseconds backoff_limit{15'000};  ///< longest pause between attempts to connect
  std::vector<std::string> databases;  ///< globs, '!' excludes; empty: the one that the DSN names
};

/// [collector.<name>]: what the configuration changes of a definition.
struct CollectorConfig {
  std::optional<bool> enabled;
  std::optional<std::chrono::milliseconds> every;
  std::optional<std::chrono::milliseconds> timeout;
  std::optional<std::size_t> max_series;
  std::optional<double> database_share;
  std::optional<std::size_t> top;               ///< rows kept; the others are aggregated
  std::optional<std::vector<std::string>> top_by;  ///< columns to rank by
  std::vector<collectors::LabelFilter> filters;
};

struct Config {
  std::string file;  ///< empty when there is none
  HttpConfig http;
  LogConfig log;
  ServerConfig server;
  std::map<std::string, std::string> labels;  ///< [labels]: constant labels that every series carries
  collectors::Generation generation = collectors::Generation::v0_20;
  std::size_t max_series = 200'000;  ///< of one collector, unless it says otherwise
  double database_share = 0.01;      ///< of one core that one collector may take; 0: as much as it needs
  double total_database_share =
      0.05;  ///< of one core that all of them should take together; told, not enforced
  std::string definitions_folder;    ///< of the user's definitions (collectors.d); empty when there is none
  int stale_after = 3;               ///< intervals for which a failed collector's last values stay
  std::vector<collectors::Definition> definitions;    ///< the catalog, overrides applied
  std::map<std::string, CollectorConfig> collectors;  ///< overrides by collector
};

}  // namespace pgvigil::agent
