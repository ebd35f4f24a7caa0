#include "rules/promql/annotations.h"

#include <algorithm>

#include "rules/promql/number.h"
#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

constexpr std::size_t k_most_annotations = 100;  // of one query: a name per metric may come along

std::string for_metric(std::string_view metric) {
  return metric.empty() ? "" : " for metric name " + quoted(metric);
}

}  // namespace

std::string to_string(const Annotation& annotation) {
  std::string_view prefix = annotation.severity == Severity::info ? "PromQL info: " : "PromQL warning: ";
  return std::string(prefix) + annotation.message;
}

std::string to_string(const Annotation& annotation, std::string_view query) {
  return to_string(annotation) + " (" + position_text(query, annotation.span.begin) + ")";
}

void Annotations::add(Annotation annotation) {
  if (all_.size() >= k_most_annotations || std::find(all_.begin(), all_.end(), annotation) != all_.end())
    return;
  all_.push_back(std::move(annotation));
}

Annotation invalid_quantile(double quantile, Span span) {
  return {Severity::warning, "quantile value should be between 0 and 1, got " + format_general(quantile),
          span};
}

Annotation invalid_ratio(double ratio, double capped_to, Span span) {
  return {Severity::warning,
          "ratio value should be between -1 and 1, got " + format_general(ratio) + ", capping to " +
              format_general(capped_to),
          span};
}

Annotation bad_bucket_label(std::string_view metric, std::string_view bucket, Span span) {
  return {Severity::warning,
          "bucket label \"le\" is missing or has a malformed value of " + quoted(bucket) + for_metric(metric),
          span};
}

Annotation possibly_no_counter(std::string_view metric, Span span) {
  return {Severity::info,
          "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " + quoted(metric),
          span};
}

Annotation forced_monotonicity(std::string_view metric, Span span) {
  return {Severity::info,
          "input to histogram_quantile needed to be fixed for monotonicity (see "
          "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)" +
              for_metric(metric),
          span};
}

}  // namespace pgvigil::promql
