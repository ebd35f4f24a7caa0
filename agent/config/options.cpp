#include "agent/config/options.h"

#include "agent/config/address.h"
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

OptionGroup<Config> http_group() {
  return {"http",
          "Where pgvigil serves. A change needs a restart.",
          {listen_option(),
           integer<Config>(
               "threads", 1, 64, [](Config & c) -> auto& { return c.http.threads; },
               "Threads that answer requests."),
           integer<Config>(
               "query_threads", 1, 64, [](Config & c) -> auto& { return c.http.query_threads; },
               "Threads that evaluate queries of `/api/v1`, and nothing else: further queries wait, and never "
               "keep `/metrics` or `/livez` waiting."),
           integer<Config>(
               "max_connections", 1, 10'000, [](Config & c) -> auto& { return c.http.max_connections; },
               "Connections that are open or wait; further ones are closed at once.")},
          {}};
}

OptionGroup<Config> query_group() {
  return {"query",
          "What one query of `/api/v1` may take; see [api.md](api.md).",
          {duration<Config>(
               "timeout", 100ms, [](Config & c) -> auto& { return c.query.timeout; },
               "From the complete request on, the wait for a thread included. A request may ask for less."),
           integer<Config>(
               "max_samples", 1'000, 1'000'000'000, [](Config & c) -> auto& { return c.query.max_samples; },
               "Samples that it holds at a time, of 8 to 16 bytes each."),
           bytes<Config>(
               "max_response", Bytes{10'000}, [](Config & c) -> auto& { return c.query.max_response; },
               "What its answer may have.")},
          {}};
}

OptionGroup<Config> log_group() {
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

OptionGroup<Config> state_group() {
  return {"state",
          "What survives a restart: the states of alerts, and what is still to be told. A change needs a restart.",
          {text<Config>(
              "directory", "path", [](Config & c) -> auto& { return c.state.directory; },
              "Where it is kept, as `pgvigil.db`; it is made when it is not there. Without one, and where it cannot "
              "be used, state is kept in memory, and the log says so.",
              "none")},
          {}};
}

Option<Config> keep_option() {
  return {"keep", "list of metric names", "none",
          "Further metrics whose past is kept: for range queries of your own.",
          [](Section& section, Config& config) {
            config.history.keep = section.strings("keep").value_or(std::vector<std::string>{});
            for (const std::string& name : config.history.keep)
              if (!MetricName::parse(name)) section.report("keep", "'" + name + "' is no name of a metric");
          }};
}

OptionGroup<Config> history_group() {
  return {"history",
          "The past that rules look at (`rate(...[5m])`, `offset 1h`), and range queries: kept in memory for those "
          "metrics alone that a rule asks the past of, that the dashboards show over time, and that are named here; "
          "[api.md](api.md) tells what that takes. With a `[state] directory` it survives a restart.",
          {duration<Config>(
               "retention", 1min, [](Config & c) -> auto& { return c.history.retention; }, "How long it reaches back."),
           bytes<Config>(
               "max_bytes", Bytes{64'000}, [](Config & c) -> auto& { return c.history.max_bytes; },
               "What it may take; beyond it the oldest samples go, and are counted."),
           boolean<Config>(
               "dashboards", [](Config & c) -> auto& { return c.history.dashboards; },
               "Whether that is kept which the dashboards of `deploy/grafana` show over time, so that pgvigil itself can "
               "be their data source."),
           keep_option()},
          {}};
}

Option<Config> directories_option() {
  return {"directories", "list of paths", "`rules.d` beside this file",
          "Where rules of your own stand, one or more in each `*.toml`; see [rules.md](rules.md). A folder that is named "
          "here must exist. They are read when the configuration is, and watched.",
          [](Section& section, Config& config) {
            auto folders = section.strings("directories");
            if (!folders) return;
            config.rules.directories = std::move(*folders);
            config.rules.directories_named = true;
          }};
}

OptionGroup<Config> rules_group() {
  return {"rules",
          "What is judged, and how series are called there.",
          {directories_option(),
           boolean<Config>(
               "packs", [](Config & c) -> auto& { return c.rules.packs; },
               "Whether the rules that ship with pgvigil are in force. Single ones are switched off in a file of rules."),
           duration<Config>(
               "evaluation_interval", 1s, [](Config & c) -> auto& { return c.rules.evaluation_interval; },
               "How often rules are evaluated whose group sets no interval."),
           integer<Config>(
               "max_alerts", 1, 1'000'000, [](Config & c) -> auto& { return c.rules.max_alerts; },
               "Alerts of all rules that there may be at a time, some 5 kB of memory each. Those beyond are not "
               "told; `pgvigil_rule_alerts_left_out` counts them."),
           text<Config>(
               "instance", "text", [](Config & c) -> auto& { return c.rules.instance; },
               "The label `instance` of every series, as a Prometheus that scrapes this pgvigil would set it.",
               "host name and port"),
           text<Config>(
               "job", "text", [](Config & c) -> auto& { return c.rules.job; },
               "The label `job` of every series, in the same way.", in_quotes(RulesConfig{}.job)),
           text<Config>(
               "external_url", "URL", [](Config & c) -> auto& { return c.rules.external_url; },
               "Where this pgvigil is reached from outside: `$externalURL` in annotations.", "none")},
          {}};
}

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
          "What rows are ranked by: columns that metrics of the collector show. The best by each are kept in turn.",
          [](Section& section, CollectorConfig& config) {
            config.top_by = section.strings("top_by");
            if (config.top_by && config.top_by->empty()) section.report("top_by", "nothing to rank by");
          }};
}

OptionGroup<Config> advice_group() {
  OptionGroup<Config> group{
      "advice",
      "How the running agent looks for advice; [advice.md](advice.md) tells what that is.",
      {boolean<Config>(
           "enabled", [](Config & c) -> auto& { return c.advice.enabled; }, "Whether it looks at all."),
       duration<Config>(
           "every", 1s, [](Config & c) -> auto& { return c.advice.every; },
           "Between two looks. Each takes one more session for a moment, in one database after the other."),
       integer<Config>(
           "appear_after", 1, 100, [](Config & c) -> auto& { return c.advice.steadiness.appear_after; },
           "Looks in a row that must have found something before it is told."),
       integer<Config>(
           "disappear_after", 1, 100, [](Config & c) -> auto& { return c.advice.steadiness.disappear_after; },
           "Looks in a row that must not have found it before it is told no more."),
       integer<Config>(
           "top", 1, 10'000, [](Config & c) -> auto& { return c.advice.top; },
           "Pieces of advice for one server that have series.")},
      {}};
  // Its tables are thresholds of the kinds.
  group.check = [keys = std::vector<std::string_view>{"enabled", "every", "appear_after", "disappear_after", "top"}](
                    Section& section, Config& config) {
    rules::advice::read_thresholds(section, keys, config.thresholds);
  };
  return group;
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
               "The folder of a cgroup v2 (CPU, memory, pressure, I/O). `/sys/fs/cgroup` in a container is pgvigil's "
               "own.",
               "none"),
           volume_option("data", "Where the volume of the data directory is mounted, read-only will do."),
           volume_option("wal", "The same of `pg_wal`, where it is a volume of its own.")},
          {}};
}

}  // namespace

std::vector<OptionGroup<Config>> option_groups() {
  return {http_group(),    query_group(),         log_group(),    state_group(),   rules_group(),
          history_group(), compatibility_group(), limits_group(), collect_group(), host_group(),
          probe_group(),   advice_group()};
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
