#include "rules/promql/type_check.h"

#include <algorithm>

#include "rules/promql/functions.h"
#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

using Checked = std::expected<void, Error>;

class TypeChecker {
 public:
  explicit TypeChecker(std::string_view query) : query_(query) {}

  Checked check(Expr& expr) const {
    if (auto* selector = expr.as<VectorSelector>()) return check_selector(*selector, expr.span);
    if (auto* selector = expr.as<MatrixSelector>())
      return check_selector(selector->vector, selector->vector_span);
    if (auto* subquery = expr.as<Subquery>()) return check_subquery(*subquery, expr.span);
    if (auto* call = expr.as<Call>()) return check_call(*call, expr.span);
    if (auto* aggregation = expr.as<Aggregation>()) return check_aggregation(*aggregation);
    if (auto* binary = expr.as<Binary>()) return check_binary(*binary, expr.span);
    if (auto* unary = expr.as<Unary>()) return check_unary(*unary, expr.span);
    if (auto* parenthesised = expr.as<Parenthesised>()) return check(*parenthesised->expr);
    return {};
  }

 private:
  std::unexpected<Error> fail(Span span, std::string message) const {
    return failure_at(Fault::parse, std::move(message), query_, span);
  }

  Checked expect(Expr& expr, ValueType wanted, std::string_view context) const {
    if (Checked checked = check(expr); !checked) return checked;
    if (expr.type == wanted) return {};
    return fail(expr.span, "expected type " + std::string(documented_name(wanted)) + " in " +
                               std::string(context) + ", got " + std::string(documented_name(expr.type)));
  }

  Checked check_selector(const VectorSelector& selector, Span span) const {
    if (!selector.name.empty()) {
      for (const Matcher& matcher : selector.matchers) {
        if (&matcher == &selector.matchers.back() || matcher.name() != k_metric_name) continue;
        return fail(span, "metric name must not be set twice: " + quoted(selector.name) + " or " +
                              quoted(matcher.value()));
      }
      return {};
    }
    bool selects = std::any_of(selector.matchers.begin(), selector.matchers.end(),
                               [](const Matcher& matcher) { return !matcher.matches(""); });
    if (!selects) return fail(span, "vector selector must contain at least one non-empty matcher");
    return {};
  }

  Checked check_subquery(Subquery& subquery, Span span) const {
    if (Checked checked = check(*subquery.expr); !checked) return checked;
    if (subquery.expr->type == ValueType::vector) return {};
    std::string_view type =
        subquery.expr->type == ValueType::matrix ? "matrix" : documented_name(subquery.expr->type);
    return fail(span, "subquery is only allowed on instant vector, got " + std::string(type) + " instead");
  }

  Checked check_unary(Unary& unary, Span span) const {
    if (Checked checked = check(*unary.expr); !checked) return checked;
    if (unary.expr->type == ValueType::scalar || unary.expr->type == ValueType::vector) return {};
    return fail(span, "unary expression only allowed on expressions of type scalar or instant vector, got " +
                          quoted(documented_name(unary.expr->type)));
  }

  Checked check_aggregation(Aggregation& aggregation) const {
    if (Checked checked = expect(*aggregation.expr, ValueType::vector, "aggregation expression"); !checked) {
      return checked;
    }
    if (aggregation.parameter == nullptr) return {};
    ValueType wanted =
        aggregation.op == TokenKind::keyword_count_values ? ValueType::string : ValueType::scalar;
    return expect(*aggregation.parameter, wanted, "aggregation parameter");
  }

  Checked check_call(Call& call, Span span) const {
    const Function& function = *call.function;
    if (Checked counted = check_argument_count(function, call.arguments.size(), span); !counted)
      return counted;
    std::string context = "call to function " + quoted(function.name);
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
      ValueType wanted = function.argument_types[std::min(i, function.argument_types.size() - 1)];
      if (Checked checked = expect(*call.arguments[i], wanted, context); !checked) return checked;
    }
    return {};
  }

  Checked check_argument_count(const Function& function, std::size_t given, Span span) const {
    std::size_t declared = function.argument_types.size();
    auto message = [&](std::string_view bound, std::size_t count) {
      return "expected " + std::string(bound) + std::to_string(count) + " argument(s) in call to " +
             quoted(function.name) + ", got " + std::to_string(given);
    };
    if (function.variadic == 0) {
      if (given != declared) return fail(span, message("", declared));
      return {};
    }
    if (given < declared - 1) return fail(span, message("at least ", declared - 1));
    if (function.variadic < 0) return {};
    std::size_t most = declared - 1 + static_cast<std::size_t>(function.variadic);
    if (given > most) return fail(span, message("at most ", most));
    return {};
  }

  /// The operator with its modifiers: what stands between the operands.
  Span operator_span(const Binary& binary) const {
    Span span{binary.left->span.end, binary.right->span.begin};
    while (span.begin < span.end && (query_[span.begin] == ' ' || query_[span.begin] == '\t' ||
                                     query_[span.begin] == '\n' || query_[span.begin] == '\r')) {
      ++span.begin;
    }
    return span;
  }

  Checked check_binary(Binary& binary, Span span) const {
    if (Checked checked = check(*binary.left); !checked) return checked;
    if (Checked checked = check(*binary.right); !checked) return checked;
    ValueType left = binary.left->type;
    ValueType right = binary.right->type;
    if (binary.return_bool && !is_comparison(binary.op)) {
      return fail(operator_span(binary), "bool modifier can only be used on comparison operators");
    }
    if (is_comparison(binary.op) && !binary.return_bool && left == ValueType::scalar &&
        right == ValueType::scalar) {
      return fail(operator_span(binary), "comparisons between scalars must use BOOL modifier");
    }
    for (const std::string& label : binary.matching.labels) {
      const std::vector<std::string>& include = binary.matching.include;
      if (!binary.matching.on || std::find(include.begin(), include.end(), label) == include.end()) continue;
      return fail(operator_span(binary),
                  "label " + quoted(label) + " must not occur in ON and GROUP clause at once");
    }
    constexpr std::string_view k_operand_types =
        "binary expression must contain only scalar and instant vector types";
    auto computable = [](ValueType type) { return type == ValueType::scalar || type == ValueType::vector; };
    if (!computable(left)) return fail(binary.left->span, std::string(k_operand_types));
    if (!computable(right)) return fail(binary.right->span, std::string(k_operand_types));
    if (left != ValueType::vector || right != ValueType::vector) return check_with_scalar(binary, span);
    return is_set_operator(binary.op) ? check_set_operator(binary, span) : Checked{};
  }

  Checked check_with_scalar(const Binary& binary, Span span) const {
    const VectorMatching& matching = binary.matching;
    if (!matching.labels.empty()) return fail(span, "vector matching only allowed between instant vectors");
    if (matching.fill_left || matching.fill_right) {
      return fail(span, "filling in missing series only allowed between instant vectors");
    }
    if (is_set_operator(binary.op)) {
      return fail(span,
                  "set operator " + quoted(spelling(binary.op)) + " not allowed in binary scalar expression");
    }
    return {};
  }

  Checked check_set_operator(Binary& binary, Span span) const {
    VectorMatching& matching = binary.matching;
    if (matching.cardinality != Cardinality::one_to_one &&
        matching.cardinality != Cardinality::many_to_many) {
      return fail(span, "no grouping allowed for " + quoted(spelling(binary.op)) + " operation");
    }
    if (matching.fill_left || matching.fill_right) {
      return fail(span, "filling in missing series not allowed for set operators");
    }
    matching.cardinality = Cardinality::many_to_many;
    return {};
  }

  std::string_view query_;
};

}  // namespace

std::expected<void, Error> check_types(Expr& expr, std::string_view query) {
  return TypeChecker(query).check(expr);
}

}  // namespace pgvigil::promql
