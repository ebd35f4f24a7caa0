#include "agent/config/options.h"

#include <algorithm>

#include "agent/config/address.h"
#include "agent/config/environment.h"
#include "agent/config/option_kinds.h"
#include "collectors/definition.h"

namespace pgvigil::agent {
namespace {

using namespace std::chrono_literals;
using namespace kinds;

// In the order of the enumerators.
constexpr std::array<std::string_view, 2> k_format_words = {"logfmt", "json"};
constexpr std::array<std::string_view, 4> k_level_words = {"debug", "info", "warning", "error"};

constexpr std::int64_t k_most_series = 10'000'000;
constexpr std::int64_t k_most_rows = 1'000'000;

bool is_variable_name(std::string_view text) {
  const auto may_stand = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && (text.front() < '0' || text.front() > '9') && std::ranges::all_of(text, may_stand);
}

Option<Config> listen_option() {
  const HttpConfig preset;
  return {"listen", "\"host:port\"", in_quotes(to_string(Address{preset.host, preset.port})),
          "Where to serve. A missing host is every IPv4 address, `[::]` every address, port 0 a free one.",
          [](Section& section, Config& config) {
            const auto text = section.string("listen");
            if (!text) return;
            const auto address = parse_address(*text);
            if (!address) return section.report("listen", address.error().message, address.error().hint);
            config.http.host = address->host;
            config.http.port = address->port;
          }};
}

OptionGroup http_group() {
  return {"http",
          "Where pgvigil serves. A change needs a restart.",
          {listen_option(),
           integer<Config>(
               "threads", 1, 64, [](Config & c) -> auto& { return c.http.threads; },
               "Threads that answer requests."),
           integer<Config>(
               "max_connections", 1, 10'000, [](Config & c) -> auto& { return c.http.max_connections; },
               "Connections that are open or wait; further ones are closed at once.")},
          {}};
}

OptionGroup log_group() {
  return {
      "log",
      "The log: one line per event, on standard error.",
      {word<Config>(
           "format", k_format_words, [](Config & c) -> auto& { return c.log.format; }, "How a line looks."),
       word<Config>(
           "level", k_level_words, [](Config & c) -> auto& { return c.log.level; },
           "The least that is logged.")},
      {}};
}

Option<Config> dsn_option() {
  return {"dsn", "connection string or URI", "the environment's, see below",
          "The server. May hold a password, but a file is the better place for it. Empty: what libpq's `PG*` "
          "variables name.",
          [](Section& section, Config& config) {
            auto dsn = section.string("dsn");
            if (!dsn) return;
            if (names_several_servers(*dsn))
              return section.report("dsn", "'dsn' names more than one server",
                                    std::string(k_several_servers_hint));
            config.server.connection.dsn = Secret(std::move(*dsn));
          }};
}

Option<Config> password_variable_option() {
  return {"password_variable", "string", "none", "The environment variable that holds the password.",
          [](Section& section, Config& config) {
            auto name = section.string("password_variable");
            if (!name) return;
            if (!is_variable_name(*name))
              return section.report("password_variable", "'password_variable' is no name of a variable",
                                    "Write the variable's name, not the password itself.");
            config.server.connection.password_variable = std::move(*name);
          }};
}

/// Globs, of which those that begin with '!' exclude.
Option<Config> databases_option() {
  return {"databases", "list of globs", "the connection's database",
          "Where the collectors run that look into each database. `!` excludes: `[\"*\", \"!test_*\"]`.",
          [](Section& section, Config& config) {
            const auto globs = section.strings("databases");
            if (!globs) return;
            for (std::size_t i = 0; i < globs->size(); ++i)
              if ((*globs)[i].empty() || (*globs)[i] == "!")
                section.report_element("databases", i, "an empty glob");
            config.server.databases = *globs;
          }};
}

void check_server(Section& section, Config& /*config*/) {
  if (section.has("password")) {
    section.know("password");
    section.report("password", "a password does not stand in the configuration",
                   "Name a file that holds it: password_file = \"/run/secrets/password\".");
  }
  const auto refuse_both = [&](std::string_view one, std::string_view other) {
    if (section.has(one) && section.has(other))
      section.report(other, "'" + std::string(one) + "' and '" + std::string(other) + "' exclude each other",
                     "Keep one of them.");
  };
  refuse_both("user", "user_file");
  refuse_both("password_file", "password_variable");
}

OptionGroup server_group() {
  return {"server",
          "The Postgres server that is watched.",
          {dsn_option(),
           text<Config>(
               "user", "string", [](Config & c) -> auto& { return c.server.connection.user; },
               "The user, instead of the connection string's.", "the connection string's"),
           text<Config>(
               "user_file", "path", [](Config & c) -> auto& { return c.server.connection.user_file; },
               "A file that holds the user; read at each connect.", "none"),
           text<Config>(
               "password_file", "path", [](Config & c) -> auto& { return c.server.connection.password_file; },
               "A file that holds the password; read at each connect, so that a rotated one is taken up.",
               "none"),
           password_variable_option(), databases_option(),
           integer<Config>(
               "max_connections", 1, 16, [](Config & c) -> auto& { return c.server.max_connections; },
               "Sessions that are held at most; one more is opened for a moment per further database."),
           duration<Config>(
               "connect_timeout", 100ms, [](Config & c) -> auto& { return c.server.connect_timeout; },
               "For one attempt to connect."),
           duration<Config>(
               "lock_timeout", 1ms, [](Config & c) -> auto& { return c.server.lock_timeout; },
               "How long a query of pgvigil may wait for a lock."),
           duration_or_off<Config>(
               "canary", 1s, [](Config & c) -> auto& { return c.server.canary; },
               "How often a session is opened for a moment, to see whether the server lets new ones in. A "
               "server in "
               "smart shutdown says so to new sessions only: without it such a shutdown waits for pgvigil."),
           duration<Config>(
               "backoff_limit", 1s, [](Config & c) -> auto& { return c.server.backoff_limit; },
               "The longest pause between attempts to connect.")},
          check_server};
}

OptionGroup compatibility_group() {
  return {"compatibility",
          "Names in the wild.",
          {word<Config>(
              "postgres_exporter", collectors::k_generation_words,
              [](Config & c) -> auto& { return c.generation; },
              "The generation of postgres_exporter's names that is exported beside pgvigil's own; `\"0.15\"` "
              "stands for that version and those before it, `\"off\"` for pgvigil's choice of names.")},
          {}};
}

OptionGroup limits_group() {
  return {"limits",
          "What nothing exceeds, unless its own section says otherwise.",
          {integer<Config>(
               "max_series", 1, k_most_series, [](Config & c) -> auto& { return c.max_series; },
               "Series of one collector; rows beyond are dropped, and counted."),
           share<Config>(
               "database_share", [](Config & c) -> auto& { return c.database_share; },
               "What a collector may take of the server, as a part of one core over ten minutes. One that "
               "takes more runs "
               "less often, says so, and returns to its interval when it has become cheap. 0: as much as it "
               "needs."),
           share<Config>(
               "total_database_share", [](Config & c) -> auto& { return c.total_database_share; },
               "What all collectors together should take; beyond it the log and the status page say so.")},
          {}};
}

OptionGroup collect_group() {
  return {"collect",
          "The collectors in general.",
          {integer<Config>(
               "stale_after", 0, 1'000, [](Config & c) -> auto& { return c.stale_after; },
               "Intervals for which the last values of a failed collector stay."),
           text<Config>(
               "directory", "path", [](Config & c) -> auto& { return c.definitions_folder; },
               "Where definitions of your own stand, one `*.toml` each. It must exist when it is named here.",
               "`collectors.d` beside this file")},
          {}};
}

Option<CollectorConfig> top_by_option() {
  return {"top_by", "list of columns", "as its definition says",
          "What rows are ranked by: columns that metrics of the collector show. The best by each are kept in turn.",
          [](Section& section, CollectorConfig& config) {
            config.top_by = section.strings("top_by");
            if (config.top_by && config.top_by->empty()) section.report("top_by", "nothing to rank by");
          }};
}

}  // namespace

std::vector<OptionGroup> option_groups() {
  return {http_group(), log_group(), server_group(), compatibility_group(), limits_group(), collect_group()};
}

std::vector<Option<CollectorConfig>> collector_options() {
  using C = CollectorConfig;
  constexpr std::string_view k_defined = "as its definition says";
  return {boolean<C>(
              "enabled", [](C & c) -> auto& { return c.enabled; }, "Whether it runs.", k_defined),
          duration<C>(
              "every", 1s, [](C & c) -> auto& { return c.every; }, "The interval.", k_defined),
          duration<C>(
              "timeout", 10ms, [](C & c) -> auto& { return c.timeout; },
              "For one run, from the beginning of the query to its last row.", k_defined),
          integer<C>(
              "max_series", 1, k_most_series, [](C & c) -> auto& { return c.max_series; },
              "Series of this collector.", "`[limits] max_series`"),
          share<C>(
              "database_share", [](C & c) -> auto& { return c.database_share; },
              "The part of one core that it may take of the server; 0: as much as it needs.",
              "`[limits] database_share`"),
          integer<C>(
              "top", 1, k_most_rows, [](C & c) -> auto& { return c.top; },
              "Rows that are kept, of those that its definition groups them by; all others are one row, `other`.",
              k_defined),
          top_by_option()};
}

}  // namespace pgvigil::agent
