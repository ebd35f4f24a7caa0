#include "agent/runtime/api_data.h"

#include <algorithm>
#include <map>

#include "agent/commands/metric_catalog.h"
#include "rules/present.h"

namespace pgvigil::agent {
namespace {

using std::chrono::steady_clock;

/// pg_up asks for an answer within this time (see Agent).
constexpr std::chrono::milliseconds k_up_interval{15'000};
constexpr std::int64_t k_lookback_ms = 300'000;

promql::LabelsPtr labels_of(const Watch& watch) {
  std::vector<std::pair<std::string, std::string>> labels(watch.server().labels.begin(), watch.server().labels.end());
  if (!watch.server().name.empty()) labels.emplace_back(k_target_label, watch.server().name);
  return promql::Labels::make(std::move(labels));
}

/// The tables that are served now, as a query sees them.
class ServedTables final : public promql::Queryable {
 public:
  explicit ServedTables(ApiData::Watches watches) : watches_(std::move(watches)) {}

  promql::Expected<promql::SeriesSet> select(std::span<const promql::Matcher> matchers,
                                             std::int64_t from_ms,
                                             std::int64_t to_ms) const override {
    rules::Present present;
    std::size_t sources = 0;
    for (const auto& watch : *watches_())
      for (const auto& published : watch->snapshot().view(steady_clock::now()))
        present.publish(std::to_string(sources++), {published, &published->table()}, labels_of(*watch), k_lookback_ms);
    return present.select(matchers, from_ms, to_ms);
  }

 private:
  const ApiData::Watches watches_;
};

api::TargetView view_of(const Watch& watch) {
  const ServerStatus status = watch.board().server();
  api::TargetView view{.kind = std::string(word_of(watch.server().kind)), .name = watch.server().name};
  view.labels = watch.server().labels;
  if (!view.name.empty()) view.labels.emplace(k_target_label, view.name);
  if (status.ever_asked) view.up = is_up(status, steady_clock::now(), k_up_interval);
  if (status.trouble) view.error = status.trouble->message;
  for (const CollectorStatus& collector : watch.board().collectors()) {
    view.last_success = std::max(view.last_success, collector.last_success);
    view.last_seconds = std::max(view.last_seconds, collector.last_seconds);
  }
  view.interval = k_up_interval;
  return view;
}

}  // namespace

ApiData::ApiData(Watches watches, Settings settings)
    : watches_(std::move(watches)),
      settings_(std::move(settings)),
      storage_(std::make_unique<ServedTables>(watches_)),
      started_(std::chrono::system_clock::now()) {}

api::QueryLimits ApiData::limits() const {
  const auto config = settings_();
  const QueryConfig limits = config ? config->query : QueryConfig{};
  return {limits.timeout, limits.max_samples, static_cast<std::size_t>(limits.max_response.count)};
}

std::vector<api::RuleView> ApiData::rules() const {
  return {};
}

std::vector<api::TargetView> ApiData::targets() const {
  std::vector<api::TargetView> views;
  for (const auto& watch : *watches_())
    views.push_back(view_of(*watch));
  return views;
}

std::vector<api::MetricView> ApiData::metrics() const {
  std::map<std::string, api::MetricView> by_name;
  for (const auto& watch : *watches_())
    for (const auto& published : watch->snapshot().view(steady_clock::now()))
      for (const Metric& metric : published->table().schema().metrics)
        by_name.try_emplace(metric.name.text(), api::MetricView{metric.name.text(), metric.type,
                                                                std::string(to_string(metric.unit)), metric.help});
  std::vector<api::MetricView> views;
  for (auto& [name, view] : by_name)
    views.push_back(std::move(view));
  return views;
}

rules::MetricCatalog ApiData::catalog() const {
  const auto config = settings_();
  return metric_catalog(config ? config->definitions : std::vector<collectors::Definition>{});
}

std::string ApiData::collector_trouble(std::string_view collector) const {
  std::string trouble;
  for (const auto& watch : *watches_()) {
    for (const CollectorStatus& status : watch->board().collectors()) {
      if (status.name != collector) continue;
      if (status.state == CollectorState::good || status.state == CollectorState::waiting) return "";
      const std::string word = status.state == CollectorState::failed ? "failed: " : "is not supported here: ";
      trouble = word + status.message;
    }
  }
  return trouble;
}

}  // namespace pgvigil::agent
