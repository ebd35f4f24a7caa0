#include "rules/promql/printer.h"

#include <algorithm>
#include <cmath>

#include "rules/promql/duration.h"
#include "rules/promql/functions.h"
#include "rules/promql/number.h"
#include "rules/promql/text.h"
#include "rules/promql/value.h"

namespace pgvigil::promql {
namespace {

constexpr std::size_t k_line_width = 100;

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += separator;
    text += parts[i];
  }
  return text;
}

std::string label_list(const std::vector<std::string>& labels) {
  std::vector<std::string> names;
  for (const std::string& label : labels)
    names.push_back(is_plain_label_name(label) ? label : quoted(label));
  return "(" + join(names, ", ") + ")";
}

/// Whole milliseconds as a duration; anything finer as a number of seconds.
std::string seconds_text(double seconds) {
  double milliseconds = seconds * 1000;
  double rounded = std::round(milliseconds);
  bool whole =
      std::abs(milliseconds - rounded) < 1e-6 && std::abs(rounded) < 9e15 && (rounded != 0 || seconds == 0);
  return whole ? format_duration(std::llround(rounded)) : format_fixed(seconds);
}

/// A number without a sign that the parser would take for an operator: Inf, not +Inf.
std::string number_text(double value) {
  return value == k_infinity ? "Inf" : format_fixed(value);
}

std::string duration_text(const DurationExpr& duration) {
  auto side = [](const DurationPtr& operand) { return duration_text(*operand); };
  std::string text;
  switch (duration.kind) {
    case DurationExpr::Kind::literal:
      text = seconds_text(duration.seconds);
      break;
    case DurationExpr::Kind::step:
      text = "step()";
      break;
    case DurationExpr::Kind::range:
      text = "range()";
      break;
    case DurationExpr::Kind::minimum:
    case DurationExpr::Kind::maximum: {
      std::string name = duration.kind == DurationExpr::Kind::minimum ? "min(" : "max(";
      text = name + side(duration.left) + ", " + side(duration.right) + ")";
      break;
    }
    case DurationExpr::Kind::negation:
      text = "-" + side(duration.right);
      break;
    case DurationExpr::Kind::arithmetic:
      text = side(duration.left) + " " + std::string(spelling(duration.op)) + " " + side(duration.right);
      break;
  }
  return duration.parenthesised ? "(" + text + ")" : text;
}

std::string at_text(const TimeShift& shift) {
  if (shift.at_edge == TimeShift::Edge::start) return " @ start()";
  if (shift.at_edge == TimeShift::Edge::end) return " @ end()";
  if (!shift.at_ms) return "";
  bool negative = *shift.at_ms < 0;
  std::uint64_t magnitude =
      negative ? 0 - static_cast<std::uint64_t>(*shift.at_ms) : static_cast<std::uint64_t>(*shift.at_ms);
  std::string fraction = std::to_string(1000 + magnitude % 1000).substr(1);
  return " @ " + std::string(negative ? "-" : "") + std::to_string(magnitude / 1000) + "." + fraction;
}

std::string offset_text(const TimeShift& shift) {
  return shift.offset == nullptr ? "" : " offset " + duration_text(*shift.offset);
}

std::string borders_text(RangeBorders borders) {
  switch (borders) {
    case RangeBorders::plain:
      return "";
    case RangeBorders::anchored:
      return " anchored";
    case RangeBorders::smoothed:
      return " smoothed";
  }
  return "";
}

std::string selector_text(const VectorSelector& selector) {
  std::vector<std::string> conditions;
  std::size_t count = selector.matchers.size() - (selector.name.empty() ? 0 : 1);
  for (std::size_t i = 0; i < count; ++i) {
    const Matcher& matcher = selector.matchers[i];
    bool names_metric = matcher.name() == k_metric_name && matcher.kind() == MatchKind::equal;
    conditions.push_back(names_metric && selector.name.empty() && !is_plain_metric_name(matcher.value())
                             ? quoted(matcher.value())
                             : to_string(matcher));
  }
  std::sort(conditions.begin(), conditions.end());
  bool braces = !conditions.empty() || selector.name.empty();
  return selector.name + (braces ? "{" + join(conditions, ",") + "}" : "");
}

std::string matching_text(const VectorMatching& matching) {
  std::string text;
  bool grouped =
      matching.cardinality == Cardinality::many_to_one || matching.cardinality == Cardinality::one_to_many;
  if (matching.on || grouped || !matching.labels.empty()) {
    text += std::string(matching.on ? " on " : " ignoring ") + label_list(matching.labels);
  }
  if (grouped) {
    bool left = matching.cardinality == Cardinality::many_to_one;
    text += std::string(left ? " group_left " : " group_right ") + label_list(matching.include);
  }
  auto fill = [](std::string_view word, double value) {
    return " " + std::string(word) + " (" + format_fixed(value) + ")";
  };
  if (matching.fill_left && matching.fill_left == matching.fill_right)
    return text + fill("fill", *matching.fill_left);
  if (matching.fill_left) text += fill("fill_left", *matching.fill_left);
  if (matching.fill_right) text += fill("fill_right", *matching.fill_right);
  return text;
}

std::string grouping_text(const Aggregation& aggregation) {
  std::string op(spelling(aggregation.op));
  if (aggregation.without) return op + " without " + label_list(aggregation.grouping) + " ";
  return aggregation.grouping.empty() ? op : op + " by " + label_list(aggregation.grouping) + " ";
}

std::string window_text(const Subquery& subquery) {
  return "[" + duration_text(*subquery.range) + ":" +
         (subquery.step == nullptr ? "" : duration_text(*subquery.step)) + "]" + at_text(subquery.shift) +
         offset_text(subquery.shift);
}

std::string operator_text(const Binary& binary) {
  return std::string(spelling(binary.op)) + (binary.return_bool ? " bool" : "") +
         matching_text(binary.matching);
}

/// Writes an expression; with a width, over several lines where it would be longer than that.
class Printer {
 public:
  explicit Printer(std::size_t width) : width_(width) {}

  std::string print(const Expr& expr, std::size_t level) const {
    if (width_ == 0) return on_one_line(expr);
    std::string line = Printer(0).print(expr, 0);
    if (line.size() <= width_) return indent(level) + line;
    return over_lines(expr, level);
  }

 private:
  static std::string indent(std::size_t level) { return std::string(level * 2, ' '); }

  std::string on_one_line(const Expr& expr) const {
    if (const auto* number = expr.as<NumberLiteral>()) {
      return number->written_as_duration ? seconds_text(number->value) : number_text(number->value);
    }
    if (const auto* text = expr.as<StringLiteral>()) return quoted(text->value);
    if (const auto* selector = expr.as<VectorSelector>()) {
      return selector_text(*selector) + borders_text(selector->borders) + at_text(selector->shift) +
             offset_text(selector->shift);
    }
    if (const auto* matrix = expr.as<MatrixSelector>()) {
      const VectorSelector& selector = matrix->vector;
      return selector_text(selector) + "[" + duration_text(*matrix->range) + "]" +
             borders_text(selector.borders) + at_text(selector.shift) + offset_text(selector.shift);
    }
    if (const auto* subquery = expr.as<Subquery>()) return print(*subquery->expr, 0) + window_text(*subquery);
    if (const auto* call = expr.as<Call>())
      return std::string(call->function->name) + arguments_text(call->arguments);
    if (const auto* aggregation = expr.as<Aggregation>()) {
      std::string parameter =
          aggregation->parameter == nullptr ? "" : print(*aggregation->parameter, 0) + ", ";
      return grouping_text(*aggregation) + "(" + parameter + print(*aggregation->expr, 0) + ")";
    }
    if (const auto* binary = expr.as<Binary>()) {
      return print(*binary->left, 0) + " " + operator_text(*binary) + " " + print(*binary->right, 0);
    }
    if (const auto* unary = expr.as<Unary>())
      return std::string(spelling(unary->op)) + print(*unary->expr, 0);
    if (const auto* inner = expr.as<Parenthesised>()) return "(" + print(*inner->expr, 0) + ")";
    return "";
  }

  std::string arguments_text(const std::vector<ExprPtr>& arguments) const {
    std::vector<std::string> parts;
    for (const ExprPtr& argument : arguments)
      parts.push_back(print(*argument, 0));
    return "(" + join(parts, ", ") + ")";
  }

  std::string over_lines(const Expr& expr, std::size_t level) const {
    std::string margin = indent(level);
    if (const auto* call = expr.as<Call>(); call != nullptr && !call->arguments.empty()) {
      std::vector<std::string> lines;
      for (const ExprPtr& argument : call->arguments)
        lines.push_back(print(*argument, level + 1));
      return margin + std::string(call->function->name) + "(\n" + join(lines, ",\n") + "\n" + margin + ")";
    }
    if (const auto* aggregation = expr.as<Aggregation>()) {
      std::string parameter =
          aggregation->parameter == nullptr ? "" : print(*aggregation->parameter, level + 1) + ",\n";
      return margin + grouping_text(*aggregation) + "(\n" + parameter + print(*aggregation->expr, level + 1) +
             "\n" + margin + ")";
    }
    if (const auto* binary = expr.as<Binary>()) {
      return print(*binary->left, level + 1) + "\n" + margin + operator_text(*binary) + "\n" +
             print(*binary->right, level + 1);
    }
    if (const auto* inner = expr.as<Parenthesised>()) {
      return margin + "(\n" + print(*inner->expr, level + 1) + "\n" + margin + ")";
    }
    if (const auto* subquery = expr.as<Subquery>())
      return print(*subquery->expr, level) + window_text(*subquery);
    if (const auto* unary = expr.as<Unary>()) {
      return margin + std::string(spelling(unary->op)) + print(*unary->expr, level).substr(margin.size());
    }
    return margin + on_one_line(expr);
  }

  std::size_t width_;  // 0: one line
};

}  // namespace

std::string to_string(const Expr& expr) {
  return Printer(0).print(expr, 0);
}

std::string to_pretty_string(const Expr& expr) {
  return Printer(k_line_width).print(expr, 0);
}

std::string conditions_text(const VectorSelector& selector) {
  return selector_text(selector);
}

bool is_constant(const Expr& expr) {
  bool constant = true;
  for_each_expression(expr, [&](const Expr& part) {
    const bool is_literal = part.as<NumberLiteral>() != nullptr || part.as<StringLiteral>() != nullptr;
    const bool is_arithmetic =
        part.as<Unary>() != nullptr || part.as<Binary>() != nullptr || part.as<Parenthesised>() != nullptr;
    constant = constant && (is_literal || is_arithmetic);
  });
  return constant;
}

std::string head_text(const Expr& expr) {
  const auto part = [](const Expr& below) {
    return is_constant(below) ? to_string(below) : std::string("…");
  };
  if (const auto* call = expr.as<Call>()) {
    std::vector<std::string> arguments;
    for (const ExprPtr& argument : call->arguments)
      arguments.push_back(part(*argument));
    return std::string(call->function->name) + "(" + join(arguments, ", ") + ")";
  }
  if (const auto* aggregation = expr.as<Aggregation>()) {
    const std::string parameter =
        aggregation->parameter == nullptr ? "" : part(*aggregation->parameter) + ", ";
    return grouping_text(*aggregation) + "(" + parameter + "…)";
  }
  if (const auto* binary = expr.as<Binary>())
    return part(*binary->left) + " " + operator_text(*binary) + " " + part(*binary->right);
  if (const auto* unary = expr.as<Unary>()) return std::string(spelling(unary->op)) + part(*unary->expr);
  if (const auto* subquery = expr.as<Subquery>()) return "…" + window_text(*subquery);
  if (const auto* inner = expr.as<Parenthesised>()) return "(" + part(*inner->expr) + ")";
  return to_string(expr);
}

}  // namespace pgvigil::promql
