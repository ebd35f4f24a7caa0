#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/error.h"

namespace pgvigil::promql {

enum class Severity : std::uint8_t { info, warning };

/// What a query's author should know about its result. The words are Prometheus's.
struct Annotation {
  Severity severity = Severity::info;
  std::string message;  ///< without its prefix and its place
  Span span = {};

  bool operator==(const Annotation&) const = default;
};

/// "PromQL warning: quantile value should be between 0 and 1, got 5".
std::string to_string(const Annotation& annotation);
/// The same with its place in `query`: "... got 5 (1:10)".
std::string to_string(const Annotation& annotation, std::string_view query);

/// The annotations of one query, each once.
class Annotations {
 public:
  void add(Annotation annotation);
  const std::vector<Annotation>& all() const { return all_; }
  std::vector<Annotation> take() { return std::move(all_); }

 private:
  std::vector<Annotation> all_;
};

Annotation invalid_quantile(double quantile, Span span);
Annotation invalid_ratio(double ratio, double capped_to, Span span);
Annotation bad_bucket_label(std::string_view metric, std::string_view bucket, Span span);
Annotation possibly_no_counter(std::string_view metric, Span span);
Annotation forced_monotonicity(std::string_view metric, Span span);

}  // namespace pgvigil::promql
