#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rules/promql/error.h"
#include "rules/promql/matcher.h"
#include "rules/promql/token.h"

namespace pgvigil::promql {

struct Function;  // functions.h
struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

/// What an expression gives.
enum class ValueType : std::uint8_t { none, scalar, vector, matrix, string };

/// "scalar", "instant vector", "range vector", "string": as the documentation calls the type.
std::string_view documented_name(ValueType type);

struct NumberLiteral {
  double value = 0;
  bool written_as_duration = false;
};

struct StringLiteral {
  std::string value;
};

/// A duration with arithmetic: `5m + step()`.
struct DurationExpr {
  enum class Kind : std::uint8_t { literal, step, range, minimum, maximum, negation, arithmetic };
  Kind kind = Kind::literal;
  double seconds = 0;                ///< of a literal
  bool written_as_duration = false;  ///< a literal with a unit
  TokenKind op = TokenKind::add;     ///< of arithmetic
  bool parenthesised = false;
  std::unique_ptr<DurationExpr> left = {};  ///< absent for a negation
  std::unique_ptr<DurationExpr> right = {};
};
using DurationPtr = std::unique_ptr<DurationExpr>;

/// The `offset` and `@` of a selector or a subquery.
struct TimeShift {
  enum class Edge : std::uint8_t { none, start, end };
  DurationPtr offset = {};                 ///< null: none
  std::optional<std::int64_t> at_ms = {};  ///< @ 1234.5
  Edge at_edge = Edge::none;               ///< @ start(), @ end()

  bool has_at() const { return at_ms.has_value() || at_edge != Edge::none; }
};

/// How a range selector treats its borders (experimental in Prometheus): as they are, by the sample before
/// the range, or by interpolation.
enum class RangeBorders : std::uint8_t { plain, anchored, smoothed };

struct VectorSelector {
  std::string name;               ///< written before the braces; empty when it is not
  std::vector<Matcher> matchers;  ///< the one for `name` last
  TimeShift shift = {};
  RangeBorders borders = RangeBorders::plain;
};

struct MatrixSelector {
  VectorSelector vector;
  Span vector_span = {};
  DurationPtr range;
};

struct Subquery {
  ExprPtr expr;
  DurationPtr range;
  DurationPtr step = {};  ///< null: the default
  TimeShift shift = {};
};

struct Call {
  const Function* function = nullptr;
  std::vector<ExprPtr> arguments;
};

struct Aggregation {
  TokenKind op = TokenKind::keyword_sum;
  ExprPtr expr;
  ExprPtr parameter = {};  ///< of topk, bottomk, limitk, limit_ratio, quantile, count_values; else null
  bool without = false;
  std::vector<std::string> grouping = {};
};

enum class Cardinality : std::uint8_t { one_to_one, many_to_one, one_to_many, many_to_many };

struct VectorMatching {
  Cardinality cardinality = Cardinality::one_to_one;
  bool on = false;
  std::vector<std::string> labels = {};   ///< of on (...) or ignoring (...)
  std::vector<std::string> include = {};  ///< of group_left (...) or group_right (...)
  std::optional<double> fill_left = {};   ///< stands for a series that the left side lacks
  std::optional<double> fill_right = {};
};

struct Binary {
  TokenKind op = TokenKind::add;
  ExprPtr left;
  ExprPtr right;
  bool return_bool = false;
  VectorMatching matching = {};
};

struct Unary {
  TokenKind op = TokenKind::subtract;
  ExprPtr expr;
};

struct Parenthesised {
  ExprPtr expr;
};

/// A node of a parsed query: what it is, where it stands, what it gives.
struct Expr {
  using Node = std::variant<NumberLiteral,
                            StringLiteral,
                            VectorSelector,
                            MatrixSelector,
                            Subquery,
                            Call,
                            Aggregation,
                            Binary,
                            Unary,
                            Parenthesised>;
  Node node;
  Span span = {};
  ValueType type = ValueType::none;
  std::size_t depth = 1;  ///< levels from here down

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&node);
  }
  template <typename T>
  T* as() {
    return std::get_if<T>(&node);
  }
};

bool is_comparison(TokenKind op);
bool is_set_operator(TokenKind op);

/// `expr` without the parentheses around it.
const Expr& without_parentheses(const Expr& expr);

/// Calls `visit` with `expr` and every expression below it, parents first.
void for_each_expression(const Expr& expr, const std::function<void(const Expr&)>& visit);

}  // namespace pgvigil::promql
