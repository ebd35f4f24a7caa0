#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "collectors/model/error.h"

namespace pgvigil {

/// A metric name that Prometheus accepts: [a-zA-Z_:][a-zA-Z0-9_:]*. A value of this type is always valid.
class MetricName {
 public:
  static std::expected<MetricName, Error> parse(std::string_view text);
  /// The nearest valid name: every character that may not stand there becomes '_'.
  static MetricName from(std::string_view text);
  const std::string& text() const { return text_; }
  auto operator<=>(const MetricName&) const = default;

 private:
  explicit MetricName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// A label name that Prometheus accepts: [a-zA-Z_][a-zA-Z0-9_]*, not beginning with "__".
class LabelName {
 public:
  static std::expected<LabelName, Error> parse(std::string_view text);
  const std::string& text() const { return text_; }
  auto operator<=>(const LabelName&) const = default;

 private:
  explicit LabelName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace pgvigil
