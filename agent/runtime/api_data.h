#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "agent/config/config.h"
#include "agent/http/api/data.h"
#include "agent/judge/judge.h"
#include "agent/runtime/own_metrics.h"
#include "agent/watching/watch.h"

namespace pgvigil::agent {

/// What the API reads, taken from those who watch and from the judge.
class ApiData final : public api::Data {
 public:
  using Watches = std::function<std::shared_ptr<const WatchList>()>;
  using Settings = std::function<std::shared_ptr<const Config>()>;  ///< null before the first configuration
  using JudgeDoor = std::function<Judge*()>;                        ///< null before the first configuration

  /// `own` must outlive it.
  ApiData(Watches watches, Settings settings, JudgeDoor judge, OwnMetrics& own);

  Timestamp now() const override { return std::chrono::system_clock::now(); }
  Timestamp started() const override { return started_; }
  api::QueryLimits limits() const override;
  const promql::Queryable& storage() const override { return *storage_; }
  std::vector<api::RuleView> rules() const override;
  std::vector<api::TargetView> targets() const override;
  std::vector<api::MetricView> metrics() const override;
  rules::MetricCatalog catalog() const override;
  std::string collector_trouble(std::string_view collector) const override;

 private:
  const Watches watches_;
  const Settings settings_;
  const JudgeDoor judge_;
  OwnMetrics& own_;
  const std::unique_ptr<const promql::Queryable> storage_;
  const Timestamp started_;
};

}  // namespace pgvigil::agent
