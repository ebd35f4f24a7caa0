// What is judged: the past, rules, advice.

#include "agent/config/option_groups.h"
#include "agent/options/kinds.h"

namespace pgvigil::agent {

using namespace std::chrono_literals;
using namespace kinds;

namespace {

Option<Config> keep_option() {
  return {"keep", "list of metric names", "none",
          "Further metrics whose past is kept: for range queries of your own.",
          [](Section& section, Config& config) {
            config.history.keep = section.strings("keep").value_or(std::vector<std::string>{});
            for (const std::string& name : config.history.keep)
              if (!MetricName::parse(name)) section.report("keep", "'" + name + "' is no name of a metric");
          }};
}

}  // namespace

OptionGroup<Config> history_group() {
  return {
      "history",
      "The past that rules look at (`rate(...[5m])`, `offset 1h`), and range queries: kept in memory for "
      "those "
      "metrics alone that a rule asks the past of, that the dashboards show over time, and that are "
      "named here; "
      "[api.md](api.md) tells what that takes. With a `[state] directory` it survives a restart.",
      {duration<Config>(
           "retention", 1min, [](Config & c) -> auto& { return c.history.retention; },
           "How long it reaches back."),
       bytes<Config>(
           "max_bytes", k_least_history, [](Config & c) -> auto& { return c.history.max_bytes; },
           "What it may take; beyond it the oldest samples go, and are counted. Unless it is set, it is an "
           "eighth of the memory limit of the container or the unit (of its cgroup) where that is less "
           "than 16 MB.",
           shown(k_usual_history)),
       boolean<Config>(
           "dashboards", [](Config & c) -> auto& { return c.history.dashboards; },
           "Whether that is kept which the dashboards of `deploy/grafana` show over time, so that "
           "pgvigil itself can "
           "be their data source."),
       keep_option()},
      {}};
}

namespace {

Option<Config> directories_option() {
  return {"directories", "list of paths", "`rules.d` beside this file",
          "Where rules of your own stand, one or more in each `*.toml`; see [rules.md](rules.md). A folder "
          "that is named "
          "here must exist. They are read when the configuration is, and watched.",
          [](Section& section, Config& config) {
            auto folders = section.strings("directories");
            if (!folders) return;
            config.rules.directories = std::move(*folders);
            config.rules.directories_named = true;
          }};
}

}  // namespace

OptionGroup<Config> rules_group() {
  return {
      "rules",
      "What is judged, and how series are called there.",
      {directories_option(),
       boolean<Config>(
           "packs", [](Config & c) -> auto& { return c.rules.packs; },
           "Whether the rules that ship with pgvigil are in force. Single ones are switched off in a file of "
           "rules."),
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
  group.check = [keys = std::vector<std::string_view>{"enabled", "every", "appear_after", "disappear_after",
                                                      "top"}](Section& section, Config& config) {
    rules::advice::read_thresholds(section, keys, config.thresholds);
  };
  return group;
}

}  // namespace pgvigil::agent
