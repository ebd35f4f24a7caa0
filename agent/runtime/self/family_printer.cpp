#include "agent/runtime/self/family_printer.h"

#include <algorithm>
#include <utility>

namespace pgvigil::agent {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Printer {
 public:
  explicit Printer(Format format) : format_(format) {}

  void print_head(const MetricFamily& family) {
    append_family_head(text_, format_, family.name, type_word(family.type), family.help);
  }

  void print_metrics(const MetricFamily& family, std::string_view constant_labels) {
    for (const auto& metric : family.metric)
      print_metric(family, metric, constant_labels);
  }

  std::string take() && { return std::move(text_); }

 private:
  void print_metric(const MetricFamily& family,
                    const ClientMetric& metric,
                    std::string_view constant_labels) {
    const auto sample = [&](std::string_view name, const std::vector<ClientMetric::Label>& labels,
                            double value) { append_sample(name, constant_labels, labels, value); };
    if (family.type == MetricType::Counter) return sample(family.name, metric.label, metric.counter.value);
    if (family.type == MetricType::Gauge) return sample(family.name, metric.label, metric.gauge.value);
    auto labels = metric.label;
    labels.push_back({"le", ""});
    for (const auto& bucket : metric.histogram.bucket) {
      labels.back().value.clear();
      append_number(labels.back().value, bucket.upper_bound);
      sample(family.name + "_bucket", labels, static_cast<double>(bucket.cumulative_count));
    }
    sample(family.name + "_sum", metric.label, metric.histogram.sample_sum);
    sample(family.name + "_count", metric.label, static_cast<double>(metric.histogram.sample_count));
  }

  void append_sample(std::string_view name,
                     std::string_view constant_labels,
                     const std::vector<ClientMetric::Label>& labels,
                     double value) {
    text_ += name;
    char before = '{';
    if (!constant_labels.empty()) {
      text_ += before;
      text_ += constant_labels;
      before = ',';
    }
    for (const auto& label : labels) {
      text_ += before;
      text_ += label.name;
      text_ += "=\"";
      append_escaped(text_, label.value);
      text_ += '"';
      before = ',';
    }
    if (before == ',') text_ += '}';
    text_ += ' ';
    append_number(text_, value);
    text_ += '\n';
  }

  Format format_;
  std::string text_;
};

/// What several owners have of one family.
struct Merged {
  std::string_view name;
  std::vector<std::pair<std::string_view, const MetricFamily*>> parts;  // with the owner's labels
};

}  // namespace

std::string_view type_word(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Histogram:
      return "histogram";
    case MetricType::Gauge:
    case MetricType::Summary:
    case MetricType::Untyped:
      return "gauge";
  }
  return "gauge";
}

std::string print_families(const std::vector<OwnedFamilies>& owners, Format format) {
  std::vector<Merged> merged;
  for (const auto& [labels, families] : owners)
    for (const MetricFamily& family : families) {
      auto place = std::ranges::find(merged, family.name, &Merged::name);
      if (place == merged.end()) place = merged.insert(place, Merged{family.name, {}});
      if (!family.metric.empty()) place->parts.emplace_back(labels, &family);
    }
  Printer printer(format);
  for (const auto& [name, parts] : merged) {
    if (parts.empty()) continue;
    printer.print_head(*parts.front().second);
    for (const auto& [labels, family] : parts)
      printer.print_metrics(*family, labels);
  }
  return std::move(printer).take();
}

}  // namespace pgvigil::agent
