#pragma once

#include <prometheus/metric_family.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "agent/judge/figures.h"
#include "agent/notify/planning/figures.h"
#include "agent/watching/exposition/series_budget.h"
#include "agent/watching/status.h"

namespace pgvigil::agent {

// What the agent tells of itself, in the data types of prometheus-cpp. Only self_metrics.cpp wants this
// header.

/// pg_up, the state of the server and of the connections to it.
std::vector<prometheus::MetricFamily> server_families(const ServerStatus& server,
                                                      std::chrono::milliseconds up_interval);

/// How the looks for advice fare.
std::vector<prometheus::MetricFamily> advice_families(const ServerStatus& server);

/// How each collector fares.
std::vector<prometheus::MetricFamily> collector_families(const std::vector<CollectorStatus>& collectors);

/// The series of all servers, against their limit.
std::vector<prometheus::MetricFamily> budget_families(const SeriesBudget::Use& use);

/// Memory, CPU, descriptors and threads of the process.
std::vector<prometheus::MetricFamily> process_families();

/// How the judge fares: rules, alerts, history, state.
std::vector<prometheus::MetricFamily> judge_families(const JudgeFigures& figures);

/// How the notifier and each of its receivers fare.
std::vector<prometheus::MetricFamily> notifier_families(const notify::NotifierFigures& notifier);

/// What postgres_exporter exports of its collectors, under its names.
std::vector<prometheus::MetricFamily> exporter_server_families(
    const std::vector<CollectorStatus>& collectors);

/// What postgres_exporter exports of itself, under its names.
std::vector<prometheus::MetricFamily> exporter_process_families(std::uint64_t scrapes, double scrape_seconds);

}  // namespace pgvigil::agent
