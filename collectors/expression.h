#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgvigil::collectors {

/// Why a text is no expression, and where.
struct ExpressionMistake {
  std::size_t offset = 0;  ///< in bytes
  std::string message;
  std::string hint;
};

/// The value of a metric: a column of the result, or a little arithmetic over columns and numbers, for
/// sources that cannot compute (a pooler's console): "maxwait + maxwait_us / 1e6", "status = 'up'".
/// Immutable.
class Expression {
 public:
  static std::expected<Expression, ExpressionMistake> parse(std::string_view text);

  /// The columns that it names, each once.
  const std::vector<std::string>& columns() const { return columns_; }
  /// Whether it is a column and nothing else.
  bool is_column() const { return steps_.size() == 1 && steps_.front().operation == Operation::column; }

  /// Where an evaluation finds its columns: `column` is a position in columns(). Nothing stands for NULL.
  class Inputs {
   public:
    virtual std::optional<double> number(std::size_t column) = 0;
    virtual std::optional<std::string_view> text(std::size_t column) = 0;

   protected:
    ~Inputs() = default;
  };
  /// Nothing when an input is NULL, and for a division by zero.
  std::optional<double> evaluate(Inputs& inputs) const;

 private:
  friend class ExpressionParser;
  enum class Operation : std::uint8_t {
    number,
    column,
    equals,
    differs,
    add,
    subtract,
    multiply,
    divide,
    negate
  };
  struct Step {
    Operation operation;
    double number = 0;
    std::size_t column = 0;
    std::size_t text = 0;
  };
  Expression() = default;

  std::vector<Step> steps_;  // in postfix order
  std::vector<std::string> columns_;
  std::vector<std::string> texts_;
};

}  // namespace pgvigil::collectors
