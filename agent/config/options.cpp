#include "agent/config/options.h"

#include "agent/config/option_groups.h"
#include "agent/options/kinds.h"
#include "collectors/definition.h"

namespace pgvigil::agent {
namespace {

using namespace std::chrono_literals;
using namespace kinds;

constexpr std::int64_t k_most_series = 10'000'000;
constexpr std::int64_t k_most_rows = 1'000'000;

OptionGroup<Config> compatibility_group() {
  return {"compatibility",
          "Names in the wild.",
          {word<Config>(
              "postgres_exporter", collectors::k_generation_words,
              [](Config & c) -> auto& { return c.generation; },
              "The generation of postgres_exporter's names that is exported beside pgvigil's own; `\"0.15\"` "
              "stands for that version and those before it, `\"off\"` for pgvigil's choice of names.")},
          {}};
}

OptionGroup<Config> limits_group() {
  return {
      "limits",
      "What nothing exceeds, unless its own section says otherwise.",
      {integer<Config>(
           "max_series", 1, k_most_series, [](Config & c) -> auto& { return c.max_series; },
           "Series of one collector; rows beyond are dropped, and counted."),
       integer<Config>(
           "max_total_series", 1, k_most_series * 10, [](Config & c) -> auto& { return c.max_total_series; },
           "Series of all collectors on all servers together. The collector that would exceed it keeps its "
           "first rows; what is dropped is counted, and named on the status page."),
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

OptionGroup<Config> collect_group() {
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
          "What rows are ranked by: columns that metrics of the collector show. The best by each are kept in "
          "turn.",
          [](Section& section, CollectorConfig& config) {
            config.top_by = section.strings("top_by");
            if (config.top_by && config.top_by->empty()) section.report("top_by", "nothing to rank by");
          }};
}

OptionGroup<Config> probe_group() {
  return {
      "probe",
      "Servers that nobody configured and `/probe` asks for; see `[auth_module.NAME]`.",
      {integer<Config>(
           "max_targets", 1, 1'000, [](Config & c) -> auto& { return c.probe.max_targets; },
           "How many are watched at a time; a probe of one more is answered with 503."),
       duration<Config>(
           "forget_after", 10s, [](Config & c) -> auto& { return c.probe.forget_after; },
           "A target that was not probed for this long is watched no more."),
       duration<Config>(
           "wait", 1ms, [](Config & c) -> auto& { return c.probe.wait; },
           "How long the first probe of a target waits for its first numbers; every later one shows what is "
           "there.")},
      {}};
}

/// A volume's path, as one of those that are named.
Option<Config> volume_option(std::string_view name, std::string_view meaning) {
  return {name, "path", "none", meaning, [name](Section& section, Config& config) {
            auto path = section.string(name);
            if (!path) return;
            if (path->empty()) return section.report(name, "'" + std::string(name) + "' is empty");
            config.host.volumes.push_back({std::string(name), std::move(*path)});
          }};
}

OptionGroup<Config> host_group() {
  return {"host",
          "What of the host can be seen from where pgvigil runs; without this section nothing is looked at. "
          "[host.md](host.md) tells what a container sees, and how to let it see Postgres's.",
          {text<Config>(
               "cgroup", "path", [](Config & c) -> auto& { return c.host.cgroup; },
               "The folder of a cgroup v2 (CPU, memory, pressure, I/O). `/sys/fs/cgroup` in a container is "
               "pgvigil's "
               "own.",
               "none"),
           volume_option("data", "Where the volume of the data directory is mounted, read-only will do."),
           volume_option("wal", "The same of `pg_wal`, where it is a volume of its own.")},
          {}};
}

}  // namespace

std::vector<OptionGroup<Config>> option_groups() {
  return {http_group(),    query_group(),   log_group(),           state_group(),
          rules_group(),   history_group(), compatibility_group(), limits_group(),
          collect_group(), host_group(),    probe_group(),         advice_group()};
}

std::vector<Option<CollectorConfig>> collector_options() {
  using C = CollectorConfig;
  constexpr std::string_view k_defined = "as its definition says";
  return {
      boolean<C>(
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
