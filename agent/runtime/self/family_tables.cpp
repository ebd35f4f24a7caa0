#include "agent/runtime/self/family_tables.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "agent/watching/exposition/exposition.h"
#include "collectors/model/table_builder.h"

namespace pgvigil::agent {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

using LabelPairs = std::vector<std::pair<std::string, std::string>>;  // by name

struct FlatSample {
  std::string metric;
  MetricType type;
  LabelPairs labels;
  double value;
};

MetricType type_of(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
    case prometheus::MetricType::Histogram:
      return MetricType::counter;
    case prometheus::MetricType::Gauge:
      return MetricType::gauge;
    case prometheus::MetricType::Summary:
    case prometheus::MetricType::Untyped:
      return MetricType::untyped;
  }
  return MetricType::untyped;
}

LabelPairs pairs_of(const ClientMetric& metric) {
  LabelPairs pairs;
  for (const ClientMetric::Label& label : metric.label)
    pairs.emplace_back(label.name, label.value);
  std::ranges::sort(pairs);
  return pairs;
}

void add_histogram(const std::string& name, const ClientMetric& metric, std::vector<FlatSample>& samples) {
  const LabelPairs labels = pairs_of(metric);
  const auto add = [&](const std::string& suffix, LabelPairs with, double value) {
    std::ranges::sort(with);
    samples.push_back({name + suffix, MetricType::counter, std::move(with), value});
  };
  for (const ClientMetric::Bucket& bucket : metric.histogram.bucket) {
    std::string bound;
    append_number(bound, bucket.upper_bound);
    LabelPairs with = labels;
    with.emplace_back("le", bound);
    add("_bucket", std::move(with), static_cast<double>(bucket.cumulative_count));
  }
  add("_sum", labels, metric.histogram.sample_sum);
  add("_count", labels, static_cast<double>(metric.histogram.sample_count));
}

std::vector<FlatSample> samples_of(const std::vector<MetricFamily>& families) {
  std::vector<FlatSample> samples;
  for (const MetricFamily& family : families)
    for (const ClientMetric& metric : family.metric) {
      if (family.type == prometheus::MetricType::Histogram)
        add_histogram(family.name, metric, samples);
      else
        samples.push_back(
            {family.name, type_of(family.type), pairs_of(metric),
             family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value});
    }
  return samples;
}

/// Of samples that all have the same label names.
Table table_of(const std::vector<const FlatSample*>& samples, Timestamp taken_at) {
  auto schema = std::make_shared<TableSchema>();
  std::vector<std::uint16_t> all;
  for (const auto& [name, value] : samples.front()->labels) {
    all.push_back(static_cast<std::uint16_t>(schema->labels.size()));
    schema->labels.push_back(*LabelName::parse(name));
  }
  std::map<std::string_view, std::size_t> metrics;
  std::map<LabelPairs, std::vector<std::pair<std::size_t, double>>> rows;
  for (const FlatSample* sample : samples) {
    const auto [metric, is_new] = metrics.try_emplace(sample->metric, schema->metrics.size());
    if (is_new)
      schema->metrics.push_back({*MetricName::parse(sample->metric), sample->type, Unit::none, "", all});
    rows[sample->labels].emplace_back(metric->second, sample->value);
  }
  TableBuilder builder(std::move(schema), std::numeric_limits<std::size_t>::max());
  for (const auto& [labels, values] : rows) {
    builder.add_row();
    for (std::size_t i = 0; i < labels.size(); ++i)
      builder.set_label(i, labels[i].second);
    for (const auto& [metric, value] : values)
      builder.set_value(metric, value);
  }
  return std::move(builder).finish(taken_at);
}

}  // namespace

std::vector<Table> tables_of(const std::vector<MetricFamily>& families, Timestamp taken_at) {
  const std::vector<FlatSample> samples = samples_of(families);
  std::map<std::string, std::vector<const FlatSample*>> by_names;
  for (const FlatSample& sample : samples) {
    std::string names;
    for (const auto& [name, value] : sample.labels)
      names += name + ',';
    by_names[names].push_back(&sample);
  }
  std::vector<Table> tables;
  for (const auto& [names, group] : by_names)
    tables.push_back(table_of(group, taken_at));
  return tables;
}

}  // namespace pgvigil::agent
