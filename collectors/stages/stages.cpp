#include "collectors/stages/stages.h"

#include <algorithm>

#include "collectors/model/table_editor.h"
#include "collectors/stages/lags.h"
#include "collectors/stages/rates.h"
#include "collectors/stages/top.h"

namespace pgvigil::collectors {
namespace {

bool same_columns(const TableSchema& a, const TableSchema& b) {
  const auto same = [](const Metric& one, const Metric& other) {
    return one.name == other.name && one.type == other.type && one.labels == other.labels;
  };
  return a.labels == b.labels && std::ranges::equal(a.metrics, b.metrics, same);
}

/// The metrics of the plan that are worked out in this way.
std::vector<std::size_t> derived(const Plan& plan, Derivation derivation) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < plan.metrics.size(); ++i)
    if (plan.metrics[i]->derivation == derivation) found.push_back(i);
  return found;
}

std::size_t position_of_label(const Plan& plan, const std::string& name) {
  const auto found = std::ranges::find(plan.raw_schema->labels, name, &LabelName::text);
  return static_cast<std::size_t>(found - plan.raw_schema->labels.begin());
}

/// Where the raw table holds a column that only stages look at.
std::size_t position_of_hidden(const Plan& plan, const std::string& column) {
  return plan.metrics.size() +
         static_cast<std::size_t>(std::ranges::find(plan.hidden, column) - plan.hidden.begin());
}

std::vector<RatePlan> rates_of(const Plan& plan) {
  std::vector<RatePlan> rates;
  for (const std::size_t metric : derived(plan, Derivation::rate))
    rates.push_back(
        {RatePlan::Gives::rate, metric, metric, plan.metrics[metric]->over, plan.metrics[metric]->grows});
  for (const std::size_t metric : derived(plan, Derivation::time_left))
    rates.push_back({RatePlan::Gives::time_left, metric,
                     position_of_hidden(plan, plan.metrics[metric]->beside[0]), plan.metrics[metric]->over,
                     plan.metrics[metric]->grows});
  return rates;
}

std::vector<LagPlan> lags_of(const Plan& plan) {
  std::vector<LagPlan> lags;
  for (const std::size_t metric : derived(plan, Derivation::lag)) {
    const std::vector<std::string>& beside = plan.metrics[metric]->beside;
    lags.push_back({metric, position_of_hidden(plan, beside[0])});
    if (beside.size() > 1) lags.back().mark = position_of_hidden(plan, beside[1]);
  }
  return lags;
}

TopPlan top_of(const Plan& plan, const TopDefinition& top, std::size_t max_series) {
  const TableSchema& schema = *plan.raw_schema;
  TopPlan made{.rows = top.rows.value_or(0),
               .max_series = max_series,
               .by = {},
               .groups = {},
               .merged = {},
               .other = {}};
  for (const std::string& column : top.by) {
    const auto found = std::ranges::find(plan.metrics, column, &MetricDefinition::value);
    if (found != plan.metrics.end())
      made.by.push_back(static_cast<std::size_t>(found - plan.metrics.begin()));
  }
  for (const std::string& label : top.per)
    if (const auto position = position_of_label(plan, label); position < schema.labels.size())
      made.groups.push_back(position);
  for (std::size_t label = 0; label < schema.labels.size(); ++label) {
    const bool is_ranked = std::ranges::any_of(made.by, [&](std::size_t metric) {
      return std::ranges::find(schema.metrics[metric].labels, label) != schema.metrics[metric].labels.end();
    });
    if (schema.labels[label].text() == k_server_label)
      made.same.push_back(label);
    else if (is_ranked && std::ranges::find(made.groups, label) == made.groups.end())
      made.merged.push_back(label);
  }
  for (const MetricDefinition* metric : plan.metrics)
    made.other.push_back(metric->other);
  made.other.resize(schema.metrics.size(), OtherRule::none);
  return made;
}

}  // namespace

void Stages::make(const Plan& plan) {
  sampled_.reset();
  stages_.clear();
  published_.reset();
  raw_schema_ = plan.raw_schema;
  query_ = plan.sql;
  incarnation_ = plan.incarnation;
  if (plan.definition->pivot) return;
  if (const auto sampled = derived(plan, Derivation::sampled); !sampled.empty()) {
    const std::size_t max_rows = std::max<std::size_t>(1, limits_.max_series / sampled.size());
    sampled_ = std::make_unique<Sampled>(SampledPlan{sampled, plan.definition->every, max_rows});
  }
  if (auto rates = rates_of(plan); !rates.empty())
    stages_.push_back(std::make_unique<Rates>(std::move(rates)));
  if (auto lags = lags_of(plan); !lags.empty()) stages_.push_back(std::make_unique<Lags>(std::move(lags)));
  if (!plan.definition->top) return;
  auto top = top_of(plan, *plan.definition->top, limits_.max_series);
  // Without anything to rank by on this server, the limit cuts off as it does elsewhere.
  if (!top.by.empty()) stages_.push_back(std::make_unique<Top>(std::move(top)));
}

bool Stages::is_due(const Plan& plan, Timestamp now) {
  const auto pause = plan.definition->publish_every;
  if (!pause || !published_) return true;
  // The clock of the runs is not exact: half an interval early is in time.
  return now - *published_ + plan.definition->every / 2 >= *pause || now < *published_;
}

std::optional<Table> Stages::apply(const Plan& plan, Table raw) {
  const bool pivot = plan.definition->pivot;
  const bool is_other_plan =
      !raw_schema_ || query_ != plan.sql || !same_columns(*raw_schema_, *plan.raw_schema);
  if (!pivot && is_other_plan) make(plan);
  if (incarnation_ != plan.incarnation) {
    incarnation_ = plan.incarnation;
    if (sampled_) sampled_->forget_counters();
    for (const auto& stage : stages_)
      stage->forget_counters();
  }
  if (sampled_) {
    sampled_->add(raw);
    if (!is_due(plan, raw.taken_at())) return std::nullopt;
    published_ = raw.taken_at();
    raw = sampled_->sums();
  }
  for (const auto& stage : stages_)
    raw = stage->apply(std::move(raw));
  if (pivot || plan.raw_schema == plan.schema) return raw;
  TableEditor editor(std::move(raw));
  editor.narrow_to(plan.schema);
  return std::move(editor).finish();
}

}  // namespace pgvigil::collectors
