#include "agent/runtime/self_families.h"

#include <algorithm>
#include <array>
#include <optional>

#include "agent/runtime/own_labels.h"
#include "agent/runtime/process.h"

namespace pgvigil::agent {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

MetricFamily family(MetricType type, const char* name, const char* help) {
  return {name, help, type, {}};
}
MetricFamily gauge(const char* name, const char* help) {
  return family(MetricType::Gauge, name, help);
}
MetricFamily counter(const char* name, const char* help) {
  return family(MetricType::Counter, name, help);
}

void add(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  metric.counter.value = value;
  family.metric.push_back(std::move(metric));
}

ClientMetric::Label label(OwnLabel name, std::string_view value) {
  return {name_of(name), std::string(value)};
}

MetricFamily single(MetricFamily family, double value) {
  add(family, {}, value);
  return family;
}

double unix_seconds(Timestamp at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

double age_seconds(Timestamp at) {
  return std::max(0.0, std::chrono::duration<double>(std::chrono::system_clock::now() - at).count());
}

/// One number of a collector; nothing when there is none to tell.
struct CollectorMetric {
  MetricType type;
  const char* name;
  const char* help;
  std::optional<double> (*value)(const CollectorStatus&);
};

constexpr std::array<CollectorMetric, 17> k_collector_metrics{{
    {MetricType::Counter, "pgvigil_collector_runs_total",
     "Runs of the collector since the start of the process, failed ones included.",
     [](const auto& c) -> std::optional<double> { return static_cast<double>(c.runs); }},
    {MetricType::Gauge, "pgvigil_collector_success",
     "Whether the collector's last run succeeded; absent before the first, and where this server does not "
     "support it.",
     [](const auto& c) -> std::optional<double> {
       if (c.state == CollectorState::good) return 1;
       if (c.state == CollectorState::failed) return 0;
       return std::nullopt;
     }},
    {MetricType::Gauge, "pgvigil_collector_unsupported",
     "1 where this server does not support the collector: its version, a missing extension or grant; the "
     "status page says which.",
     [](const auto& c) -> std::optional<double> { return c.state == CollectorState::unsupported ? 1 : 0; }},
    {MetricType::Gauge, "pgvigil_collector_age_seconds",
     "Age of the collector's values that are served now; absent when there are none yet.",
     [](const auto& c) -> std::optional<double> {
       return c.last_success ? std::optional(age_seconds(*c.last_success)) : std::nullopt;
     }},
    {MetricType::Gauge, "pgvigil_collector_last_success_timestamp_seconds",
     "When the collector last succeeded, in seconds since the Unix epoch; absent before the first time.",
     [](const auto& c) -> std::optional<double> {
       return c.last_success ? std::optional(unix_seconds(*c.last_success)) : std::nullopt;
     }},
    {MetricType::Gauge, "pgvigil_collector_interval_seconds",
     "How often the collector runs while it does not fail, slowed down or not.",
     [](const auto& c) -> std::optional<double> {
       return std::chrono::duration<double>(c.every).count() * c.slowdown;
     }},
    {MetricType::Gauge, "pgvigil_collector_slowdown_ratio",
     "By how much the collector's interval is stretched because it takes more of the server than its "
     "database_share; 1 "
     "when it is not.",
     [](const auto& c) -> std::optional<double> { return c.slowdown; }},
    {MetricType::Gauge, "pgvigil_collector_duration_seconds",
     "Time that the collector's last run took: query, conversion and rendering.",
     [](const auto& c) -> std::optional<double> { return c.last_seconds; }},
    {MetricType::Counter, "pgvigil_collector_database_seconds_total",
     "Time that the server was busy with the collector's queries since the start of the process, as seen "
     "from here.",
     [](const auto& c) -> std::optional<double> { return c.database_seconds; }},
    {MetricType::Gauge, "pgvigil_collector_rows", "Rows in the collector's last table.",
     [](const auto& c) -> std::optional<double> { return static_cast<double>(c.rows); }},
    {MetricType::Gauge, "pgvigil_collector_series", "Series that the collector's last run gave.",
     [](const auto& c) -> std::optional<double> { return static_cast<double>(c.series); }},
    {MetricType::Gauge, "pgvigil_collector_table_bytes", "Memory that the collector's last table occupies.",
     [](const auto& c) -> std::optional<double> { return static_cast<double>(c.bytes); }},
    {MetricType::Gauge, "pgvigil_collector_skipped_relations",
     "Relations that the last run left out because they were locked exclusively, or about to be.",
     [](const auto& c) -> std::optional<double> { return static_cast<double>(c.left_out.skipped); }},
    {MetricType::Gauge, "pgvigil_collector_filtered_rows",
     "Rows that the last run left out because a label filter of the configuration says so.",
     [](const auto& c) -> std::optional<double> { return static_cast<double>(c.left_out.filtered); }},
    {MetricType::Gauge, "pgvigil_collector_aggregated_rows",
     "Rows that the last run did not show by themselves but added up as 'other': they were below the top "
     "ones.",
     [](const auto& c) -> std::optional<double> { return static_cast<double>(c.left_out.aggregated); }},
    {MetricType::Counter, "pgvigil_collector_series_dropped_total",
     "Series dropped since the start of the process: duplicates, rows beyond the limit max_series, and "
     "series "
     "beyond max_total_series.",
     [](const auto& c) -> std::optional<double> { return static_cast<double>(c.series_dropped); }},
    {MetricType::Gauge, "pgvigil_collector_replaced_label_values",
     "Label values of the last run in which invalid UTF-8 was replaced.",
     [](const auto& c) -> std::optional<double> { return static_cast<double>(c.left_out.bad_text); }},
}};

/// Failures that are told as 0 before they happen, so that their rate is right when they do.
constexpr std::array k_expected_failures = {ErrorKind::timed_out, ErrorKind::cancelled,
                                            ErrorKind::lock_timeout};

MetricFamily failure_family(const std::vector<CollectorStatus>& collectors) {
  auto failures = counter(
      "pgvigil_collector_failures_total",
      "Failed runs of the collector since the start of the process, by kind: timed_out is a server that "
      "did not answer, cancelled its statement_timeout, lock_timeout a lock that we did not wait for.");
  for (const CollectorStatus& collector : collectors) {
    auto counts = collector.failures;
    for (ErrorKind kind : k_expected_failures)
      counts.try_emplace(kind, 0);
    for (const auto& [kind, count] : counts)
      add(failures, {label(OwnLabel::collector, collector.name), label(OwnLabel::kind, to_string(kind))},
          static_cast<double>(count));
  }
  return failures;
}

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
    return append("pg_up",
                  "Whether the server answered within the last interval, over all collectors (1), or not (0).");
  append("pgvigil_pooler_up", "Whether the pooler's console answered within the last interval (1) or not (0).");
  if (server.kind == ServerKind::pgbouncer)
    append("pgbouncer_up", "The same as pgvigil_pooler_up, under pgbouncer_exporter's name.");
}

}  // namespace

std::vector<MetricFamily> server_families(const ServerStatus& server, std::chrono::milliseconds up_interval) {
  if (server.kind == ServerKind::host) return {};
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
         label(OwnLabel::role, server.kind == ServerKind::postgres ? to_string(server.facts->role)
                                                                   : word_of(server.kind)),
         label(OwnLabel::system_identifier, server.facts->system_identifier)},
        1);
    families.push_back(std::move(info));
  }
  return families;
}

std::vector<MetricFamily> collector_families(const std::vector<CollectorStatus>& collectors) {
  std::vector<MetricFamily> families;
  for (const CollectorMetric& metric : k_collector_metrics) {
    auto& all = families.emplace_back(family(metric.type, metric.name, metric.help));
    for (const CollectorStatus& collector : collectors)
      if (const auto value = metric.value(collector))
        add(all, {label(OwnLabel::collector, collector.name)}, *value);
  }
  families.push_back(failure_family(collectors));
  return families;
}

std::vector<MetricFamily> budget_families(const SeriesBudget::Use& use) {
  return {
      single(gauge("pgvigil_series", "Series of all collectors on all servers that are served now."),
             static_cast<double>(use.held)),
      single(gauge("pgvigil_series_limit", "How many there may be: [limits] max_total_series."),
             static_cast<double>(use.most)),
      single(
          counter(
              "pgvigil_series_dropped_total",
              "Series dropped since the start of the process because all collectors together had more than "
              "[limits] max_total_series."),
          static_cast<double>(use.dropped)),
  };
}

std::vector<MetricFamily> process_families() {
  const ProcessUsage usage = process_usage();
  const auto count = [](std::uint64_t number) { return static_cast<double>(number); };
  return {
      single(counter("pgvigil_cpu_seconds_total",
                     "CPU time of pgvigil's process, user and system, since its start."),
             usage.cpu_seconds),
      single(gauge("pgvigil_resident_memory_bytes",
                   "Resident memory of pgvigil's process, shared libraries included."),
             count(usage.resident_bytes)),
      single(gauge("pgvigil_threads", "Threads of pgvigil's process."), count(usage.threads)),
      single(counter("process_cpu_seconds_total",
                     "The same as pgvigil_cpu_seconds_total, under the name that every exporter has."),
             usage.cpu_seconds),
      single(gauge("process_resident_memory_bytes",
                   "The same as pgvigil_resident_memory_bytes, under the name that every exporter has."),
             count(usage.resident_bytes)),
      single(gauge("process_virtual_memory_bytes", "Address space of pgvigil's process."),
             count(usage.virtual_bytes)),
      single(gauge("process_open_fds", "File descriptors that pgvigil's process holds open."),
             count(usage.open_descriptors)),
      single(gauge("process_max_fds", "File descriptors that pgvigil's process may hold open."),
             count(usage.max_descriptors)),
      single(gauge("process_start_time_seconds",
                   "When pgvigil's process began, in seconds since the Unix epoch."),
             usage.start_seconds),
  };
}

std::vector<MetricFamily> exporter_server_families(const std::vector<CollectorStatus>& collectors) {
  auto duration = gauge("pg_scrape_collector_duration_seconds",
                        "The same as pgvigil_collector_duration_seconds, under postgres_exporter's name.");
  auto success = gauge("pg_scrape_collector_success",
                       "Whether the collector's last run succeeded, under postgres_exporter's name; see "
                       "pgvigil_collector_success.");
  bool any_failed = false;
  for (const CollectorStatus& collector : collectors) {
    if (collector.state == CollectorState::waiting || collector.state == CollectorState::unsupported)
      continue;
    const bool failed = collector.state == CollectorState::failed;
    any_failed = any_failed || failed;
    add(duration, {label(OwnLabel::collector, collector.name)}, collector.last_seconds);
    add(success, {label(OwnLabel::collector, collector.name)}, failed ? 0 : 1);
  }
  return {
      std::move(duration), std::move(success),
      single(
          gauge("pg_exporter_last_scrape_error",
                "Whether any collector's last run failed (1) or none (0), under postgres_exporter's name."),
          any_failed ? 1 : 0)};
}

std::vector<MetricFamily> exporter_process_families(std::uint64_t scrapes, double scrape_seconds) {
  const double mean = scrapes == 0 ? 0 : scrape_seconds / static_cast<double>(scrapes);
  return {
      single(gauge("pg_exporter_last_scrape_duration_seconds",
                   "Mean time to answer a scrape since the start of the process, under postgres_exporter's "
                   "name; collecting goes on apart from it."),
             mean),
      single(counter("pg_exporter_scrapes_total",
                     "Scrapes answered since the start of the process, under postgres_exporter's name."),
             static_cast<double>(scrapes)),
  };
}

}  // namespace pgvigil::agent
