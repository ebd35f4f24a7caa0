#include "rules/lint_expression.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "collectors/model/diagnostic.h"
#include "collectors/model/quantity.h"
#include "rules/label_set.h"
#include "rules/promql/functions.h"

namespace pgvigil::rules {
namespace {

using namespace promql;
using Where = Finding::Where;

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, word) != words.end();
}

std::string in_quotes(std::string_view text) {
  return "'" + std::string(text) + "'";
}

std::optional<double> number_of(const Expr& expr) {
  const Expr& inner = without_parentheses(expr);
  if (const auto* number = inner.as<NumberLiteral>()) return number->value;
  return std::nullopt;
}

/// The function that `expr` calls; empty when it calls none.
std::string_view function_of(const Expr& expr) {
  const auto* call = without_parentheses(expr).as<Call>();
  return call == nullptr ? "" : call->function->name;
}

/// The range of the first range selector among the arguments, in seconds.
std::optional<double> window_of(const Call& call) {
  for (const ExprPtr& argument : call.arguments) {
    const auto* range = without_parentheses(*argument).as<MatrixSelector>();
    if (range != nullptr && range->range->kind == DurationExpr::Kind::literal) return range->range->seconds;
  }
  return std::nullopt;
}

/// Looks at one expression of a rule.
class ExpressionLint {
 public:
  ExpressionLint(const Rule& rule, const MetricCatalog* catalog, Where where, std::vector<Finding>& findings)
      : rule_(rule), catalog_(catalog), where_(where), findings_(findings) {}

  void look(const Expr& root) {
    for_each_expression(root, [&](const Expr& expr) {
      if (const auto* selector = expr.as<VectorSelector>()) look_at_selector(*selector, expr.span);
      if (const auto* range = expr.as<MatrixSelector>()) look_at_range(*range);
      if (const auto* call = expr.as<Call>()) look_at_call(*call, expr.span);
      if (const auto* binary = expr.as<Binary>()) look_at_binary(*binary, expr.span);
    });
  }

 private:
  void add(Span span, std::string message, std::string hint) {
    findings_.push_back({where_, span, "", std::move(message), std::move(hint)});
  }

  void look_at_selector(const VectorSelector& selector, Span span) {
    const std::string metric = metric_of(selector);
    if (catalog_ == nullptr || metric.empty()) return;
    const MetricFacts* facts = catalog_->find(metric);
    if (facts == nullptr) {
      const std::string_view near = catalog_->nearest_name(metric);
      return add(span, "no collector gives the metric " + in_quotes(metric),
                 near.empty() ? "" : "Did you mean " + in_quotes(near) + "?");
    }
    if (!facts->enabled) {
      add(span, "the collector of " + in_quotes(metric) + " is off",
          "Switch it on: [collector." + facts->collector + "] enabled = true.");
    }
    for (const Matcher& matcher : selector.matchers) {
      const std::string& label = matcher.name();
      const auto is_in = [&](const std::vector<std::string>& labels) {
        return std::ranges::find(labels, label) != labels.end();
      };
      const bool known = label == k_metric_name || is_in(facts->labels) || is_in(catalog_->target_labels()) ||
                         is_in(catalog_->possible_labels());
      if (known || matcher.matches("")) continue;
      std::vector<std::string_view> labels(facts->labels.begin(), facts->labels.end());
      const std::string_view near = nearest(label, labels);
      add(span, in_quotes(metric) + " has no label " + in_quotes(label) + ", so this finds nothing",
          near.empty() ? "" : "Did you mean " + in_quotes(near) + "?");
    }
  }

  const MetricFacts* facts_of(const VectorSelector& selector) const {
    return catalog_ == nullptr ? nullptr : catalog_->find(metric_of(selector));
  }

  void look_at_range(const MatrixSelector& range) {
    look_at_selector(range.vector, range.vector_span);
    const MetricFacts* facts = facts_of(range.vector);
    if (facts == nullptr || range.range->kind != DurationExpr::Kind::literal) return;
    const double every = static_cast<double>(facts->every.count()) / 1000;
    if (range.range->seconds >= 4 * every) return;
    add(range.vector_span,
        "the range is shorter than four intervals of " + in_quotes(metric_of(range.vector)) + " (" +
            duration_text(facts->every) + ")",
        "One late collection leaves a window with a single sample, or none: a rate needs two.");
  }

  void look_at_call(const Call& call, Span span) {
    constexpr std::array<std::string_view, 4> k_of_counters = {"rate", "irate", "increase", "resets"};
    constexpr std::array<std::string_view, 4> k_of_gauges = {"delta", "idelta", "deriv", "predict_linear"};
    const std::string_view name = call.function->name;
    for (const ExprPtr& argument : call.arguments) {
      const Expr& inner = without_parentheses(*argument);
      const auto* range = inner.as<MatrixSelector>();
      const MetricFacts* facts = range == nullptr ? nullptr : facts_of(range->vector);
      if (facts != nullptr && facts->type == MetricType::gauge && is_one_of(name, k_of_counters))
        add(span, std::string(name) + "() of the gauge " + in_quotes(metric_of(range->vector)),
            "It takes every fall for a restart of a counter. A gauge has delta() and deriv().");
      if (facts != nullptr && facts->type == MetricType::counter && is_one_of(name, k_of_gauges))
        add(span, std::string(name) + "() of the counter " + in_quotes(metric_of(range->vector)),
            "A restart of the server makes it fall. A counter has rate() and increase().");
      if (name == "timestamp" && inner.as<VectorSelector>() == nullptr)
        add(span, "timestamp() of a computed vector is the time of the evaluation",
            "Give it a selector, or compare a metric that holds a time.");
      if ((name == "absent" || name == "absent_over_time") && has_open_matcher(inner))
        add(span, std::string(name) + "() gives only the labels that are compared with '='",
            "An alert without them says less than it could; other conditions still count.");
    }
  }

  static bool has_open_matcher(const Expr& expr) {
    const auto* selector = expr.as<VectorSelector>();
    if (const auto* range = expr.as<MatrixSelector>()) selector = &range->vector;
    return selector != nullptr && std::ranges::any_of(selector->matchers, [](const Matcher& matcher) {
             return matcher.kind() == MatchKind::regex && matcher.name() != k_metric_name;
           });
  }

  void look_at_binary(const Binary& binary, Span span) {
    if (is_comparison(binary.op)) {
      look_at_empty_count(binary, span);
      look_at_raw_counter(binary, span);
      look_at_event(binary, span);
    }
    look_at_join(binary, span);
  }

  /// count(...) == 0 and the like: of no series, count() gives no series.
  void look_at_empty_count(const Binary& binary, Span span) {
    const auto number = number_of(*binary.right);
    const auto* aggregation = without_parentheses(*binary.left).as<Aggregation>();
    if (!number || aggregation == nullptr) return;
    const bool counts =
        aggregation->op == TokenKind::keyword_count ||
        (aggregation->op == TokenKind::keyword_sum && contains_comparison(*aggregation->expr));
    const bool wants_none = (binary.op == TokenKind::equal && *number == 0) ||
                            (binary.op == TokenKind::less && *number > 0) ||
                            (binary.op == TokenKind::less_or_equal && *number >= 0) ||
                            (binary.op == TokenKind::not_equal && *number > 0);
    if (!counts || !wants_none) return;
    add(span,
        std::string(spelling(aggregation->op)) +
            "() of no series is no series and not 0, so this cannot see none",
        "Supply the zero: (count(...) or vector(0)), or 0 * count of the unfiltered series.");
  }

  void look_at_raw_counter(const Binary& binary, Span span) {
    const auto number = number_of(*binary.right);
    const auto* selector = without_parentheses(*binary.left).as<VectorSelector>();
    const MetricFacts* facts = selector == nullptr ? nullptr : facts_of(*selector);
    const bool grows = binary.op == TokenKind::greater || binary.op == TokenKind::greater_or_equal;
    if (!number || *number == 0 || facts == nullptr || facts->type != MetricType::counter || !grows) return;
    add(span, "the counter " + in_quotes(metric_of(*selector)) + " only grows: once true, this stays true",
        "Compare increase() or rate() of it.");
  }

  /// changes(x[10m]) > 0 holds for 10 minutes after the event, so a longer `for` never passes.
  void look_at_event(const Binary& binary, Span span) {
    constexpr std::array<std::string_view, 3> k_events = {"changes", "resets", "increase"};
    const auto number = number_of(*binary.right);
    if (!number || *number != 0 || !is_one_of(function_of(*binary.left), k_events)) return;
    const auto window = window_of(*without_parentheses(*binary.left).as<Call>());
    const double hold = static_cast<double>(rule_.hold_for.count()) / 1000;
    if (!window || where_ != Where::expr || hold < *window) return;
    add(span,
        "after one event this is true for " +
            duration_text(std::chrono::milliseconds(std::llround(*window * 1000))) + ", and 'for' wants " +
            duration_text(rule_.hold_for),
        "An alert on an event has a window and no 'for'.");
  }

  void look_at_join(const Binary& binary, Span span) {
    const bool both_vectors =
        binary.left->type == ValueType::vector && binary.right->type == ValueType::vector;
    if (catalog_ == nullptr || !both_vectors || binary.op == TokenKind::keyword_or) return;
    const LabelSet left = label_set(*binary.left, *catalog_);
    const LabelSet right = label_set(*binary.right, *catalog_);
    const VectorMatching& matching = binary.matching;
    const auto is_listed = [&](const std::string& label) {
      return std::ranges::find(matching.labels, label) != matching.labels.end();
    };
    const auto missing = [&](const LabelSet& from, const LabelSet& in) -> std::string {
      for (const std::string& label : from.labels)
        if (is_listed(label) == matching.on && from.must_have(label) && !in.can_have(label)) return label;
      return "";
    };
    std::string label = missing(left, right);
    const bool right_lacks = !label.empty();
    if (!right_lacks) label = missing(right, left);
    if (label.empty()) return;
    add(span,
        "the two sides of " + in_quotes(spelling(binary.op)) + " can never match: only the " +
            (right_lacks ? "left" : "right") + " one has the label " + in_quotes(label),
        matching.on
            ? "Leave it out of on (...)."
            : "Write on (...) with the labels that both have, and group_left () where one side has more.");
  }

  const Rule& rule_;
  const MetricCatalog* catalog_;
  Where where_;
  std::vector<Finding>& findings_;
};

}  // namespace

bool contains_comparison(const Expr& expr) {
  bool found = false;
  for_each_expression(expr, [&](const Expr& part) {
    const auto* binary = part.as<Binary>();
    if (binary != nullptr && is_comparison(binary->op)) found = true;
  });
  return found;
}

void lint_expression(const Rule& rule,
                     const Expr& expr,
                     Where where,
                     const MetricCatalog* catalog,
                     std::vector<Finding>& findings) {
  ExpressionLint(rule, catalog, where, findings).look(expr);
}

}  // namespace pgvigil::rules
