#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "agent/judge/rule_runner.h"
#include "agent/store/store.h"
#include "rules/history/history.h"

namespace pgvigil::agent {

/// Alerts of a rule in one state.
struct AlertCount {
  std::string name;
  std::string state;  ///< "pending", "firing", "unknown"
  std::string severity;
  std::size_t count = 0;
};

/// How the judge fares, for metrics.
struct JudgeFigures {
  std::size_t rules = 0;
  RunnerFigures runner;
  std::vector<AlertCount> alerts;
  std::map<std::string, std::size_t> left_out;         ///< by rule: alerts for which there was no room
  std::map<std::string, std::size_t> empty_selectors;  ///< by rule: those that have found nothing for an hour
  rules::HistoryFigures history;
  Bytes history_limit;
  std::uint64_t recent_dropped = 0;  ///< samples of the lines beside alerts
  std::uint64_t history_set_aside = 0;
  std::uint64_t history_save_errors = 0;
  StoreStatus store;
};

/// The counts of what `runner` holds. An alert of which nothing is known counts as "unknown" alone.
std::vector<AlertCount> count_alerts(const RuleRunner& runner);

}  // namespace pgvigil::agent
