#include "agent/runtime/api_data.h"

#include <algorithm>
#include <map>

#include "agent/runtime/metric_catalog.h"
#include "agent/runtime/up_interval.h"

namespace pgvigil::agent {
namespace {

using std::chrono::steady_clock;

/// Every series there is. The judge is kept from its work only while series are looked up, never for as long
/// as a query takes.
class JudgedSeries final : public promql::Queryable {
 public:
  explicit JudgedSeries(ApiData::JudgeDoor judge) : judge_(std::move(judge)) {}

  promql::Expected<promql::SeriesSet> select(std::span<const promql::Matcher> matchers,
                                             std::int64_t from_ms,
                                             std::int64_t to_ms) const override {
    promql::Expected<promql::SeriesSet> found;
    if (Judge* judge = judge_())
      judge->read(
          [&](const promql::Queryable& all, Timestamp) { found = all.select(matchers, from_ms, to_ms); });
    return found;
  }

  promql::Expected<std::vector<promql::LabelsPtr>> select_labels(std::span<const promql::Matcher> matchers,
                                                                 std::int64_t from_ms,
                                                                 std::int64_t to_ms) const override {
    promql::Expected<std::vector<promql::LabelsPtr>> found;
    if (Judge* judge = judge_())
      judge->read([&](const promql::Queryable& all, Timestamp) {
        found = all.select_labels(matchers, from_ms, to_ms);
      });
    return found;
  }

 private:
  const ApiData::JudgeDoor judge_;
};

api::RuleView view_of(RuleStatus status) {
  api::RuleView view{.rule = std::move(status.rule), .alerts = std::move(status.alerts)};
  if (status.health != RuleHealth::unknown) view.last_evaluation = status.last_evaluation;
  view.evaluation_seconds = status.evaluation_seconds;
  if (status.health == RuleHealth::err) view.error = std::move(status.last_error);
  return view;
}

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

/// In OpenMetrics's words.
std::string_view type_word(MetricType type) {
  return type == MetricType::untyped ? "unknown" : to_string(type);
}

}  // namespace

ApiData::ApiData(Watches watches, Settings settings, JudgeDoor judge, OwnMetrics& own)
    : watches_(std::move(watches)),
      settings_(std::move(settings)),
      judge_(std::move(judge)),
      own_(own),
      storage_(std::make_unique<JudgedSeries>(judge_)),
      started_(std::chrono::system_clock::now()) {}

api::QueryLimits ApiData::limits() const {
  const auto config = settings_();
  const QueryConfig limits = config ? config->query : QueryConfig{};
  return {limits.timeout, limits.max_samples, static_cast<std::size_t>(limits.max_response.count)};
}

std::vector<api::RuleView> ApiData::rules() const {
  std::vector<api::RuleView> views;
  const Judge* judge = judge_();
  if (judge == nullptr) return views;
  for (GroupStatus& group : judge->rules())
    for (RuleStatus& status : group.rules)
      views.push_back(view_of(std::move(status)));
  return views;
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
        by_name.try_emplace(metric.name.text(),
                            api::MetricView{metric.name.text(), type_word(metric.type),
                                            std::string(to_string(metric.unit)), metric.help});
  for (OwnFamily& own : own_.families())
    by_name.try_emplace(own.name, api::MetricView{own.name, own.type, "", std::move(own.help)});
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
      const std::string word =
          status.state == CollectorState::failed ? "failed: " : "is not supported here: ";
      trouble = word + status.message;
    }
  }
  return trouble;
}

}  // namespace pgvigil::agent
