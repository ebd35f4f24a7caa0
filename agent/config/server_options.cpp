// The keys of those whom pgvigil watches.

#include <algorithm>

#include "agent/config/credential_options.h"
#include "agent/config/environment.h"
#include "agent/config/options.h"
#include "agent/options/kinds.h"

namespace pgvigil::agent {
namespace {

using namespace std::chrono_literals;
using namespace kinds;
using S = ServerConfig;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// It stands in labels, addresses and command lines as it is.
bool is_server_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return is_letter_or_digit(c) || std::string_view("_-.:/").contains(c);
  });
}

Option<S> name_option() {
  return {"name", "letters, digits and `_-.:/`", "none; required in [[server]]",
          "What its series carry as the label `target`, and what it is called everywhere else. Without a "
          "name there "
          "is no such label.",
          [](Section& section, S& server) {
            auto name = section.string("name");
            if (!name) return;
            if (!is_server_name(*name))
              return section.report("name", "'name' must be of 1 to 128 letters, digits and _-.:/");
            server.name = std::move(*name);
          }};
}

Option<S> dsn_option() {
  return {"dsn", "connection string or URI", "the environment's, see below; required in [[server]]",
          "The server. May hold a password, but a file is the better place for it. Empty: what libpq's `PG*` "
          "variables name.",
          [](Section& section, S& server) {
            auto dsn = section.string("dsn");
            if (!dsn) return;
            if (names_several_servers(*dsn))
              return section.report("dsn", "'dsn' names more than one server",
                                    std::string(k_several_servers_hint));
            server.connection.dsn = Secret(std::move(*dsn));
          }};
}

/// Globs, of which those that begin with '!' exclude.
Option<S> databases_option() {
  return {"databases", "list of globs", "the connection's database",
          "Where the collectors run that look into each database. `!` excludes: `[\"*\", \"!test_*\"]`.",
          [](Section& section, S& server) {
            const auto globs = section.strings("databases");
            if (!globs) return;
            for (std::size_t i = 0; i < globs->size(); ++i)
              if ((*globs)[i].empty() || (*globs)[i] == "!")
                section.report_element("databases", i, "an empty glob");
            server.databases = *globs;
          }};
}

/// Without a user and a password: Patroni lets everybody read.
Option<S> patroni_option() {
  return {
      "patroni", "URL", "none",
      "The REST API of the Patroni that runs this server, `\"http://127.0.0.1:8008\"`. Its numbers carry the "
      "labels of "
      "the server.",
      [](Section& section, S& server) {
        auto url = section.string("patroni");
        if (!url) return;
        const std::string_view rest = std::string_view(*url).substr(std::min(url->size(), url->find("://")));
        const bool is_http = url->starts_with("http://") || url->starts_with("https://");
        if (!is_http || rest.size() <= 3 || rest.find_first_of("@?# ") != rest.npos)
          return section.report("patroni", "'patroni' must be an address such as \"http://127.0.0.1:8008\"",
                                "It is restapi.connect_address in Patroni's configuration.");
        while (url->ends_with('/'))
          url->pop_back();
        server.patroni.url = std::move(*url);
      }};
}

std::vector<Option<S>> server_options() {
  std::vector<Option<S>> options = {name_option(), dsn_option()};
  append_credentials<S>(
      options, [](S & s) -> auto& { return s.connection; }, "The user, instead of the connection string's.",
      "the connection string's");
  options.push_back(databases_option());
  options.push_back(integer<S>(
      "max_connections", 1, 16, [](S & s) -> auto& { return s.max_connections; },
      "Sessions that are held at most, beside those of `max_database_connections`."));
  options.push_back(integer<S>(
      "max_database_connections", 0, 100, [](S & s) -> auto& { return s.max_database_connections; },
      "Up to so many databases, a session is kept in each of them. Where `databases` chooses more, or with "
      "0, "
      "they are visited one after the other, with a short session each. A database in which a session is "
      "kept "
      "can be dropped only `with (force)`."));
  options.push_back(duration<S>(
      "connect_timeout", 100ms, [](S & s) -> auto& { return s.connect_timeout; },
      "For one attempt to connect."));
  options.push_back(duration<S>(
      "lock_timeout", 1ms, [](S & s) -> auto& { return s.lock_timeout; },
      "How long a query of pgvigil may wait for a lock."));
  options.push_back(duration_or_off<S>(
      "canary", 1s, [](S & s) -> auto& { return s.canary; },
      "How often a session is opened for a moment, to see whether the server lets new ones in. A server in "
      "smart shutdown says so to new sessions only: without it such a shutdown waits for pgvigil."));
  options.push_back(duration<S>(
      "backoff_limit", 1s, [](S & s) -> auto& { return s.backoff_limit; },
      "The longest pause between attempts to connect."));
  options.push_back(patroni_option());
  options.push_back(text<S>(
      "patroni_ca_file", "path", [](S & s) -> auto& { return s.patroni.ca_file; },
      "Where that is https: certificates of authorities (PEM) that are trusted.", "the system's"));
  return options;
}

/// The database that is a pooler's console.
std::string console_of(ServerKind kind) {
  if (kind == ServerKind::odyssey) return "console";
  return kind == ServerKind::pgpool ? "postgres" : "pgbouncer";
}

Option<S> kind_option() {
  return {"kind", "`pgbouncer`, `pgpool`, `pgcat` or `odyssey`", "\"pgbouncer\"", "Which pooler it is.",
          [](Section& section, S& server) {
            const auto word = section.choice("kind", k_pooler_words);
            server.kind = word ? pooler_of_word(*word) : ServerKind::pgbouncer;
            server.connection.manner = postgres::Manner::console;
            server.connection.default_database = console_of(server.kind);
            server.max_connections = 1;
            server.canary = {};
          }};
}

std::vector<Option<S>> pooler_options() {
  std::vector<Option<S>> options = {name_option(), kind_option(), dsn_option()};
  options[0].preset = "required";
  options[2].preset = "required";
  options[2].meaning =
      "The pooler's console. Where it names no database, that is `pgbouncer` (PgBouncer, PgCat), `console` "
      "(Odyssey) or "
      "`postgres` (pgpool-II). The user must be one of `stats_users`.";
  append_credentials<S>(
      options, [](S & s) -> auto& { return s.connection; }, "The user, instead of the connection string's.",
      "the connection string's");
  options.push_back(duration<S>(
      "connect_timeout", 100ms, [](S & s) -> auto& { return s.connect_timeout; },
      "For one attempt to connect."));
  options.push_back(duration<S>(
      "backoff_limit", 1s, [](S & s) -> auto& { return s.backoff_limit; },
      "The longest pause between attempts to connect."));
  return options;
}

}  // namespace

void check_credentials(Section& section) {
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

OptionGroup<AuthModule> auth_module_group() {
  using M = AuthModule;
  std::vector<Option<M>> options = {
      {"targets", "list of globs", "required",
       "Which targets, as host:port, these credentials may be sent to. `!` excludes: "
       "`[\"*.example.net:5432\", \"!test-*\"]`.",
       [](Section& section, M& module) {
         if (!section.require("targets")) return;
         module.targets = section.strings("targets").value_or(std::vector<std::string>{});
         if (section.has_array("targets") && module.targets.empty())
           section.report("targets", "no target is allowed", "Write globs such as \"*.example.net:5432\".");
       }}};
  append_credentials<M>(
      options, [](M & m) -> auto& { return m.credentials; }, "The user.", "none");
  return {"auth_module", "How `/probe` connects to servers that nobody configured, and to which.", options,
          [](Section& section, M& /*module*/) { check_credentials(section); }};
}

OptionGroup<ServerConfig> pooler_group() {
  return {"pooler", "A pooler that is watched.", pooler_options(),
          [](Section& section, S& /*server*/) { check_credentials(section); }};
}

OptionGroup<ServerConfig> server_group() {
  return {"server", "A Postgres server that is watched.", server_options(),
          [](Section& section, S& /*server*/) { check_credentials(section); }};
}

}  // namespace pgvigil::agent
