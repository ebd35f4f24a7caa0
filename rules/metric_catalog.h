#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/table.h"

namespace pgvigil::rules {

/// What is known of a metric before it is measured.
struct MetricFacts {
  MetricType type = MetricType::untyped;
  std::vector<std::string> labels;  ///< of its own, without those of the target
  std::string collector;            ///< who gives it; empty for the agent itself
  bool enabled = true;              ///< whether that collector runs
  std::chrono::milliseconds every{15'000};
};

/// The metrics that the collectors can give, for the lints of rules.
class MetricCatalog {
 public:
  /// `target_labels`: what every series carries beside its own labels (instance, job, those of the
  /// configuration); `possible_labels`: what it carries in some set-ups (target, with several servers).
  explicit MetricCatalog(std::vector<std::string> target_labels,
                         std::vector<std::string> possible_labels = {})
      : target_labels_(std::move(target_labels)), possible_labels_(std::move(possible_labels)) {}

  /// The same metric of several collectors: the one that runs counts, with the labels of all.
  void add(const std::string& name, MetricFacts facts);
  /// Metrics named after a column: "pg_settings_{name}".
  void add_pattern(std::string_view pattern, MetricFacts facts);

  /// Null when no collector gives it.
  const MetricFacts* find(std::string_view name) const;
  /// The nearest known name, or empty.
  std::string_view nearest_name(std::string_view name) const;
  const std::vector<std::string>& target_labels() const { return target_labels_; }
  const std::vector<std::string>& possible_labels() const { return possible_labels_; }

 private:
  struct Pattern {
    std::string prefix;
    std::string suffix;
    MetricFacts facts;
  };
  std::vector<std::string> target_labels_;
  std::vector<std::string> possible_labels_;
  std::map<std::string, MetricFacts, std::less<>> metrics_;
  std::vector<Pattern> patterns_;
};

}  // namespace pgvigil::rules
