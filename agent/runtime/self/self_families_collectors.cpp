#include <algorithm>
#include <array>
#include <optional>

#include "agent/runtime/self/family_parts.h"
#include "agent/runtime/self/self_families.h"

namespace pgvigil::agent {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

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

}  // namespace

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

}  // namespace pgvigil::agent
