#include <array>

#include "agent/runtime/self/family_parts.h"
#include "agent/runtime/self/self_families.h"

namespace pgvigil::agent {
namespace {

using prometheus::MetricFamily;

constexpr std::array k_silent_states = {
    ErrorKind::unreachable,   ErrorKind::authentication, ErrorKind::too_many_connections,
    ErrorKind::not_accepting, ErrorKind::timed_out,      ErrorKind::connection_lost,
    ErrorKind::configuration, ErrorKind::query};

MetricFamily state_family(const ServerStatus& server, bool up) {
  auto state = gauge("pgvigil_server_state",
                     "1 for the state that the server is in as seen from here, 0 for the others.");
  add(state, {label(OwnLabel::state, "up")}, up ? 1 : 0);
  for (ErrorKind kind : k_silent_states)
    add(state, {label(OwnLabel::state, to_string(kind))},
        server.trouble && server.trouble->kind == kind ? 1 : 0);
  return state;
}

MetricFamily connect_failures(const ServerStatus& server) {
  auto failures = counter("pgvigil_connect_failures_total",
                          "Attempts to open a session that failed since the start of the process, by kind.");
  auto counts = server.connect_failures;
  for (ErrorKind kind : k_silent_states)
    counts.try_emplace(kind, 0);
  for (const auto& [kind, count] : counts)
    add(failures, {label(OwnLabel::kind, to_string(kind))}, static_cast<double>(count));
  return failures;
}

/// One series for each database that is in trouble, and none for those that are well: they may be many.
MetricFamily trouble_family(const ServerStatus& server) {
  auto trouble = gauge(
      "pgvigil_database_in_trouble",
      "1 for each watched database that cannot be measured, or not by some collector, by the kind of the "
      "error; the status page tells it. No series for a database that is well.");
  std::string last;
  for (const DatabaseTrouble& one : server.databases_in_trouble) {
    if (one.database == last) continue;
    add(trouble, {{"datname", one.database}, label(OwnLabel::kind, to_string(one.error.kind))}, 1);
    last = one.database;
  }
  return trouble;
}

void add_database_families(std::vector<MetricFamily>& families, const ServerStatus& server) {
  if (!server.databases_watched) return;
  families.push_back(
      single(gauge("pgvigil_databases_watched",
                   "Databases that the setting databases chooses out of those that the server has now."),
             static_cast<double>(*server.databases_watched)));
  families.push_back(trouble_family(server));
  families.push_back(
      single(gauge("pgvigil_tour_duration_seconds",
                   "Time that the last tour through the watched databases took, pauses between them "
                   "included."),
             server.tour_seconds));
}

/// Whether it answers, under the name that others have for it, too.
void append_up(const ServerStatus& server, bool up, std::vector<MetricFamily>& families) {
  const auto append = [&](const char* name, const char* help) {
    families.push_back(single(gauge(name, help), up ? 1 : 0));
  };
  if (server.kind == ServerKind::postgres)
    return append(
        "pg_up",
        "Whether the server answered within the last interval, over all collectors (1), or not (0).");
  append("pgvigil_pooler_up",
         "Whether the pooler's console answered within the last interval (1) or not (0).");
  if (server.kind == ServerKind::pgbouncer)
    append("pgbouncer_up", "The same as pgvigil_pooler_up, under pgbouncer_exporter's name.");
}

}  // namespace

std::vector<MetricFamily> server_families(const ServerStatus& server, std::chrono::milliseconds up_interval) {
  if (is_local(server.kind)) return {};
  const auto now = std::chrono::steady_clock::now();
  const bool up = is_up(server, now, up_interval);
  std::vector<MetricFamily> families;
  append_up(server, up, families);
  families.push_back(state_family(server, up));
  if (server.last_answer != std::chrono::steady_clock::time_point{})
    families.push_back(single(
        gauge("pgvigil_server_last_answer_age_seconds", "Time since the server last answered anything."),
        std::chrono::duration<double>(now - server.last_answer).count()));
  families.push_back(single(gauge("pgvigil_connections", "Sessions that pgvigil holds on the server now."),
                            static_cast<double>(server.connections)));
  families.push_back(single(counter("pgvigil_connections_opened_total",
                                    "Sessions opened since the start of the process, those that test whether "
                                    "the server lets new ones in included."),
                            static_cast<double>(server.connections_opened)));
  families.push_back(connect_failures(server));
  if (server.connections_opened > 0)
    families.push_back(single(gauge("pgvigil_connect_duration_seconds",
                                    "Time that opening the last session took, authentication included."),
                              server.connect_seconds));
  if (server.certificates_end)
    families.push_back(
        single(gauge("pgvigil_tls_certificate_not_after_seconds",
                     "When the first of the certificates that the server showed for the last session "
                     "ends to be valid, in Unix time. No series without TLS."),
               unix_seconds(*server.certificates_end)));
  if (server.ever_asked && server.kind == ServerKind::postgres)
    families.push_back(single(gauge("pgvigil_new_sessions_accepted",
                                    "Whether the server lets new sessions in: 0 while all connections are "
                                    "taken or it shuts down, though the session held here may still work."),
                              server.trouble || server.canary_trouble ? 0 : 1));
  families.push_back(
      single(gauge("pgvigil_database_share_ratio",
                   "What all collectors together took of one core of the server over the last ten minutes, "
                   "as seen from here."),
             server.database_share));
  families.push_back(
      single(gauge("pgvigil_database_share_limit_ratio",
                   "What they should take together at most: the setting total_database_share."),
             server.database_share_limit));
  add_database_families(families, server);
  if (server.facts) {
    auto info = gauge("pgvigil_server_info", "Always 1; the labels tell what the server is, as read last.");
    add(info,
        {label(OwnLabel::version, server.facts->short_version),
         label(OwnLabel::role,
               server.kind == ServerKind::postgres ? to_string(server.facts->role) : word_of(server.kind)),
         label(OwnLabel::system_identifier, server.facts->system_identifier)},
        1);
    families.push_back(std::move(info));
  }
  return families;
}

}  // namespace pgvigil::agent
