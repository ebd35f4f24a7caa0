#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/parameters.h"
#include "rules/promql/ast.h"
#include "rules/promql/series_description.h"
#include "rules/template/template.h"

namespace pgvigil::rules {

enum class RuleKind : std::uint8_t { alert, record };

/// What becomes of an alert whose series are gone although they were looked for: its end, no change, or the
/// alert.
enum class NoData : std::uint8_t { resolve, hold, fire };

/// Whose alert it is: of each server that shows it, or of the cluster, whose servers all show the same. Of
/// the latter kind only the agent beside the primary tells.
enum class RuleScope : std::uint8_t { node, cluster };

/// An alert that changes so often is flapping: told once, and held until it is quiet.
struct FlapSettings {
  unsigned changes = 4;
  std::chrono::milliseconds within{};

  bool operator==(const FlapSettings&) const = default;
};

/// A PromQL expression with its parameters filled in.
struct Expression {
  std::string text;
  std::shared_ptr<const promql::Expr> tree;
};

/// A label or an annotation that the rule adds.
struct NamedTemplate {
  std::string name;
  std::string text;  ///< with the parameters filled in
  Template parsed;
};

/// A series of a rule's test, in the notation of promtool's unit tests.
struct TestSeries {
  std::string text;
  promql::SeriesDescription series;
};

/// What a recording rule must give in a test.
struct TestSample {
  promql::LabelsPtr labels;
  double value = 0;
};

/// A case of a rule: series, a time, and the alerts that must be there then.
struct RuleTest {
  std::string name;
  std::size_t line = 0;
  std::chrono::milliseconds interval{60'000};  ///< between the samples of the series, and between evaluations
  std::vector<TestSeries> series;
  std::chrono::milliseconds at{};
  /// The label sets without alertname and the rule's own labels; nothing: not looked at.
  std::optional<std::vector<promql::LabelsPtr>> firing = {};
  std::optional<std::vector<promql::LabelsPtr>> pending = {};
  std::optional<std::vector<TestSample>> gives = {};
  std::vector<std::pair<std::string, std::string>> annotations = {};  ///< of the first firing alert
};

/// One rule, ready to be evaluated.
struct Rule {
  RuleKind kind = RuleKind::alert;
  std::string name;
  std::string group;
  std::string file;
  std::size_t line = 0;
  bool enabled = true;
  std::chrono::milliseconds interval{15'000};  ///< of its group
  Expression expr;
  std::optional<Expression> clear = {};  ///< a firing alert ends only when this gives its labels
  std::chrono::milliseconds hold_for{};  ///< `for`
  std::chrono::milliseconds keep_firing_for{};
  std::vector<NamedTemplate> labels = {};
  std::vector<NamedTemplate> annotations = {};
  std::vector<std::string> evidence = {};  ///< names of evidence queries
  RuleScope scope = RuleScope::node;
  NoData on_nodata = NoData::resolve;
  std::optional<FlapSettings> flap = {};
  std::vector<Parameter> parameters = {};
  std::vector<RuleTest> tests = {};

  /// The text of a label that the rule adds; empty when it adds none.
  std::string label(std::string_view label_name) const;
};

}  // namespace pgvigil::rules
