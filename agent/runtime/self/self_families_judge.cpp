#include "agent/runtime/self/family_parts.h"
#include "agent/runtime/self/self_families.h"

namespace pgvigil::agent {
namespace {

using prometheus::MetricFamily;

double number(std::uint64_t count) {
  return static_cast<double>(count);
}

MetricFamily alert_family(const std::vector<AlertCount>& alerts) {
  MetricFamily family =
      gauge("pgvigil_alerts",
            "Alerts that are pending or firing, by rule; unknown are those of which nothing is "
            "known now, because a collector behind them failed or the evaluation did.");
  for (const AlertCount& alert : alerts)
    add(family,
        {label(OwnLabel::alertname, alert.name), label(OwnLabel::alertstate, alert.state),
         label(OwnLabel::severity, alert.severity)},
        number(alert.count));
  return family;
}

MetricFamily by_rule(MetricFamily family, const std::map<std::string, std::size_t>& counts) {
  for (const auto& [rule, count] : counts)
    add(family, {label(OwnLabel::alertname, rule)}, number(count));
  return family;
}

MetricFamily left_out_family(const JudgeFigures& figures) {
  return by_rule(
      gauge("pgvigil_rule_alerts_left_out",
            "Alerts of the last evaluation that are not kept, and not told, because there are as many "
            "already as [rules] max_alerts allows."),
      figures.left_out);
}

MetricFamily selector_family(const JudgeFigures& figures) {
  return by_rule(gauge("pgvigil_rule_empty_selectors",
                       "Selectors of a rule that have found no series for an hour although their collectors "
                       "succeeded: there "
                       "is nothing of the kind, or a label is misspelt. The log names them; `pgvigil rules "
                       "explain` says more."),
                 figures.empty_selectors);
}

std::vector<MetricFamily> rule_families(const JudgeFigures& figures) {
  const RunnerFigures& runner = figures.runner;
  return {
      single(gauge("pgvigil_rules", "Alert and recording rules that are on."), number(figures.rules)),
      single(
          counter("pgvigil_rule_evaluations_total", "Evaluations of rules since the start of the process."),
          number(runner.evaluations)),
      single(counter("pgvigil_rule_evaluation_failures_total",
                     "Evaluations of rules that failed since the start of the process; the log and "
                     "/api/v1/rules say why."),
             number(runner.failures)),
      single(counter("pgvigil_rule_evaluation_seconds_total",
                     "Time spent on the evaluation of rules since the start of the process."),
             runner.seconds),
      single(counter("pgvigil_rule_ticks_missed_total",
                     "Evaluations of a group of rules that were due while pgvigil was late, and are not made "
                     "up for."),
             number(runner.missed)),
      single(gauge("pgvigil_rule_last_evaluation_timestamp_seconds",
                   "When a group of rules was last evaluated, in seconds since the Unix epoch; 0 before the "
                   "first time."),
             unix_seconds(runner.last_evaluation)),
  };
}

std::vector<MetricFamily> history_families(const JudgeFigures& figures) {
  const rules::HistoryFigures& history = figures.history;
  return {
      single(gauge("pgvigil_history_series", "Series whose past is kept for rules and charts."),
             number(history.series)),
      single(gauge("pgvigil_history_samples", "Samples of the past that are kept."), number(history.samples)),
      single(gauge("pgvigil_history_bytes", "Memory that the past takes."), number(history.memory.count)),
      single(gauge("pgvigil_history_chunk_bytes",
                   "Memory that the samples of the past alone take, compressed, with their times: without "
                   "labels and "
                   "lists."),
             number(history.chunk_memory.count)),
      single(gauge("pgvigil_history_limit_bytes", "How much it may take: [history] max_bytes."),
             number(figures.history_limit.count)),
      single(counter("pgvigil_history_samples_dropped_total",
                     "Samples dropped before their time since the start of the process, because the past had "
                     "reached "
                     "[history] max_bytes."),
             number(history.samples_over_size)),
      single(counter("pgvigil_sparkline_samples_dropped_total",
                     "Samples of the last half hour, kept for the line that messages show beside an alert, "
                     "that went before "
                     "their time for they took 4 MB, since the start of the process."),
             number(figures.recent_dropped)),
      single(counter("pgvigil_history_set_aside_total",
                     "Saved histories that were damaged and set aside since the start of the process."),
             number(figures.history_set_aside)),
      single(counter("pgvigil_history_save_errors_total",
                     "Attempts to save the history that failed since the start of the process."),
             number(figures.history_save_errors)),
  };
}

std::vector<MetricFamily> store_families(const StoreStatus& store) {
  return {
      single(gauge("pgvigil_store_durable",
                   "Whether state survives a restart (1), or is in memory (0): there is no [state] "
                   "directory, or it "
                   "cannot be used."),
             store.path.empty() ? 0 : 1),
      single(gauge("pgvigil_store_bytes", "Size of the file of state with its journal; 0 in memory."),
             number(store.bytes)),
      single(
          counter("pgvigil_store_errors_total",
                  "Transactions on the state that failed since the start of the process; the log says why."),
          number(store.errors)),
      single(
          counter(
              "pgvigil_store_set_aside_total",
              "Files of state that were damaged, or of a newer pgvigil, and set aside since the start of the "
              "process."),
          number(store.set_aside)),
  };
}

}  // namespace

std::vector<MetricFamily> judge_families(const JudgeFigures& figures) {
  std::vector<MetricFamily> all = rule_families(figures);
  all.push_back(alert_family(figures.alerts));
  all.push_back(left_out_family(figures));
  all.push_back(selector_family(figures));
  for (std::vector<MetricFamily> more : {history_families(figures), store_families(figures.store)})
    for (MetricFamily& family : more)
      all.push_back(std::move(family));
  return all;
}

}  // namespace pgvigil::agent
