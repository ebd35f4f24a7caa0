#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgvigil {

/// What is watched. Poolers answer on a console of their own; the host is read from files, backups from what
/// their tools tell, Patroni tells by HTTP.
enum class ServerKind : std::uint8_t { postgres, pgbouncer, pgpool, pgcat, odyssey, host, backups, patroni };

/// The poolers' words in definitions and in the configuration, in the order of the enumerators from
/// ServerKind::pgbouncer on.
inline constexpr std::array<std::string_view, 4> k_pooler_words = {"pgbouncer", "pgpool", "pgcat", "odyssey"};

/// Whether it is watched without a session.
constexpr bool is_local(ServerKind kind) {
  return kind == ServerKind::host || kind == ServerKind::backups || kind == ServerKind::patroni;
}

/// "postgres", "pgbouncer", "host": what programs read.
constexpr std::string_view word_of(ServerKind kind) {
  if (kind == ServerKind::postgres) return "postgres";
  if (kind == ServerKind::host) return "host";
  if (kind == ServerKind::backups) return "backups";
  if (kind == ServerKind::patroni) return "patroni";
  return k_pooler_words.at(static_cast<std::size_t>(kind) - 1);
}

constexpr ServerKind pooler_of_word(std::size_t position) {
  return static_cast<ServerKind>(position + 1);
}

constexpr bool is_pooler(ServerKind kind) {
  return kind != ServerKind::postgres && !is_local(kind);
}

/// As its makers write it: "Postgres", "PgBouncer", "pgpool-II"; "the host", "backups".
constexpr std::string_view to_string(ServerKind kind) {
  switch (kind) {
    case ServerKind::postgres:
      return "Postgres";
    case ServerKind::pgbouncer:
      return "PgBouncer";
    case ServerKind::pgpool:
      return "pgpool-II";
    case ServerKind::pgcat:
      return "PgCat";
    case ServerKind::odyssey:
      return "Odyssey";
    case ServerKind::host:
      return "the host";
    case ServerKind::backups:
      return "backups";
    case ServerKind::patroni:
      return "Patroni";
  }
  return "";
}

/// A release as definitions tell them apart: the major of Postgres (17), and 100 * major + minor of a pooler,
/// whose columns change with its minor ("1.23" is 123).
constexpr int pooler_release(int major, int minor) {
  return 100 * major + minor;
}

/// "17" or "1.23".
inline std::string release_text(ServerKind kind, int release) {
  if (!is_pooler(kind)) return std::to_string(release);
  return std::to_string(release / 100) + "." + std::to_string(release % 100);
}

}  // namespace pgvigil
