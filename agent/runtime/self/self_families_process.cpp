#include "agent/runtime/process.h"
#include "agent/runtime/self/family_parts.h"
#include "agent/runtime/self/self_families.h"

namespace pgvigil::agent {
namespace {

using prometheus::MetricFamily;

}  // namespace

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
