#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/log/settings.h"
#include "agent/notify/settings.h"
#include "collectors/backups/model/settings.h"
#include "collectors/definition.h"
#include "collectors/host/host_collector.h"
#include "collectors/label_filter.h"
#include "collectors/model/units.h"
#include "collectors/patroni/patroni_collector.h"
#include "collectors/postgres/connection_settings.h"
#include "collectors/server_kind.h"
#include "rules/advice/standing.h"
#include "rules/advice/thresholds.h"

namespace pgvigil::agent {

/// [http]: where pgvigil serves, and its limits.
struct HttpConfig {
  std::string host = "0.0.0.0";
  int port = 9187;
  int threads = 4;
  int query_threads = 2;             ///< that evaluate queries of /api/v1, and nothing else
  std::size_t max_connections = 64;  ///< open or waiting; further ones are closed at once

  bool operator==(const HttpConfig&) const = default;
};

/// [query]: what one query of /api/v1 may take.
struct QueryConfig {
  std::chrono::milliseconds timeout{120'000};  ///< from the complete request on, waiting included
  std::size_t max_samples = 2'000'000;         ///< that it holds at a time
  Bytes max_response{16'000'000};              ///< of its answer

  bool operator==(const QueryConfig&) const = default;
};

/// [server], one [[server]] or [[pooler]], or [host]: what is watched.
struct ServerConfig {
  ServerKind kind = ServerKind::postgres;
  std::string name;  ///< the label `target` of its series; empty: they have no such label
  postgres::ConnectionSettings connection;
  std::string origin;               ///< where the connection was named, for people: "DATA_SOURCE_NAME"
  std::size_t max_connections = 2;  ///< held at most, beside those of the tour through the databases
  std::size_t max_database_connections = 3;  ///< watched databases in which a session may be kept
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds lock_timeout{100};
  std::chrono::milliseconds canary{
      10'000};  ///< between short sessions that test whether one gets in; 0: none
  std::chrono::milliseconds backoff_limit{15'000};  ///< longest pause between attempts to connect
  std::vector<std::string> databases;         ///< globs, '!' excludes; empty: the one that the DSN names
  std::map<std::string, std::string> labels;  ///< [server.labels]: they go before those of [labels]
  host::HostPaths host;                       ///< of the host: what can be seen of it
  backups::Watched backups;                   ///< of backups: where to look
  patroni::Address patroni;                   ///< of Patroni

  bool operator==(const ServerConfig&) const = default;
};

/// [collector.<name>]: what the configuration changes of a definition.
struct CollectorConfig {
  std::optional<bool> enabled;
  std::optional<std::chrono::milliseconds> every;
  std::optional<std::chrono::milliseconds> timeout;
  std::optional<std::size_t> max_series;
  std::optional<double> database_share;
  std::optional<std::size_t> top;                  ///< rows kept; the others are aggregated
  std::optional<std::vector<std::string>> top_by;  ///< columns to rank by
  std::vector<collectors::LabelFilter> filters;

  bool operator==(const CollectorConfig&) const = default;
};

/// [state]: what survives a restart.
struct StateConfig {
  std::string directory;  ///< empty: nothing does

  bool operator==(const StateConfig&) const = default;
};

/// What the past may take unless it is set, and the least that it may be set to.
inline constexpr Bytes k_usual_history{16'000'000};
inline constexpr Bytes k_least_history{64'000};

/// [history]: the past that is kept in memory.
struct HistoryConfig {
  std::chrono::milliseconds retention{3'600'000};
  std::optional<Bytes> max_bytes;  ///< empty: history_bound() says
  bool dashboards = true;          ///< what the dashboards show over time is kept, too
  std::vector<std::string> keep;   ///< further metrics

  bool operator==(const HistoryConfig&) const = default;
};

/// [rules]: what is judged.
struct RulesConfig {
  std::vector<std::string> directories;
  bool directories_named = false;  ///< by the configuration: then they must exist
  bool packs = true;
  std::string instance;  ///< empty: this host and the port
  std::string job = "pgvigil";
  std::string external_url;
  std::chrono::milliseconds evaluation_interval{15'000};
  std::size_t max_alerts = 5'000;

  bool operator==(const RulesConfig&) const = default;
};

/// [advice]: when the agent looks for it, and what is told of it.
struct AdviceConfig {
  bool enabled = true;
  std::chrono::milliseconds every{3'600'000};
  rules::advice::Steadiness steadiness;
  std::size_t top = 100;  ///< series of one server

  bool operator==(const AdviceConfig&) const = default;
};

/// [probe]: the watching of servers that nobody configured, because /probe asked for them.
struct ProbeConfig {
  std::size_t max_targets = 50;  ///< watched at a time
  std::chrono::milliseconds forget_after{300'000};
  std::chrono::milliseconds wait{3'000};  ///< of the first probe, for the first numbers

  bool operator==(const ProbeConfig&) const = default;
};

/// [auth_module.<name>]: how /probe connects to such servers, and to which.
struct AuthModule {
  postgres::ConnectionSettings credentials;    ///< without a dsn
  std::vector<std::string> targets;            ///< globs over "host:port", '!' excludes
  std::map<std::string, std::string> options;  ///< of libpq

  bool operator==(const AuthModule&) const = default;
};

struct Config {
  std::string file;  ///< empty when there is none
  HttpConfig http;
  QueryConfig query;
  LogConfig log;
  StateConfig state;
  HistoryConfig history;
  RulesConfig rules;
  std::vector<ServerConfig> servers;  ///< at least one; no two of a kind have the same name
  host::HostPaths host;               ///< [host]; when it names anything, the host is one of the servers
  std::map<std::string, std::string> labels;  ///< [labels]: constant labels that every series carries
  collectors::Generation generation = collectors::Generation::v0_20;
  std::size_t max_series = 200'000;              ///< of one collector, unless it says otherwise
  std::size_t max_total_series = 2'000'000;      ///< of all collectors on all servers
  std::vector<collectors::LabelFilter> filters;  ///< [filter]: of every collector that has such a label
  double database_share = 0.01;  ///< of one core that one collector may take; 0: as much as it needs
  double total_database_share =
      0.05;                        ///< of one core that all of them should take together; told, not enforced
  std::string definitions_folder;  ///< of the user's definitions (collectors.d); empty when there is none
  int stale_after = 3;             ///< intervals for which a failed collector's last values stay
  std::vector<collectors::Definition> definitions;    ///< the catalog, overrides applied
  std::map<std::string, CollectorConfig> collectors;  ///< overrides by collector
  AdviceConfig advice;
  rules::advice::ThresholdBook thresholds = rules::advice::shipped_thresholds();  ///< [advice.<kind>]
  ProbeConfig probe;
  notify::NotifySettings notify;
  std::map<std::string, AuthModule>
      auth_modules;  ///< by name; without any /probe shows configured servers only

  bool operator==(const Config&) const = default;
};

/// The label that tells the series of several servers apart.
inline constexpr std::string_view k_target_label = "target";

/// The labels that every series of `server` carries.
std::map<std::string, std::string> labels_of(const Config& config, const ServerConfig& server);

/// How the server is called where it has no name: "server", "host".
std::string title_of(ServerKind kind, const std::string& name);

/// Whether both watch a server that stays the same in the same way: they differ at most in other things.
bool watch_alike(const Config& one, const Config& other);

}  // namespace pgvigil::agent
