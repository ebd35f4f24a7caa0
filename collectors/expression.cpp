#include "collectors/expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

namespace pgvigil::collectors {
namespace {

/// How deep parentheses and signs may nest; the evaluation's stack has room for it.
constexpr std::size_t k_deepest = 16;

bool begins_column(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool may_stand_in_column(char c) {
  return begins_column(c) || is_digit(c) || c == '$';
}

}  // namespace

/// Recursive descent; what is read goes to the expression in postfix order.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text) : text_(text) {}

  std::expected<Expression, ExpressionMistake> parse() {
    if (sum() && !at_end()) complain("'" + std::string(1, text_[at_]) + "' is not expected here");
    if (mistake_) return std::unexpected(std::move(*mistake_));
    return std::move(expression_);
  }

 private:
  using Operation = Expression::Operation;

  bool sum() {
    if (!product()) return false;
    while (const auto operation = one_of('+', Operation::add, '-', Operation::subtract)) {
      if (!product()) return false;
      expression_.steps_.push_back({*operation});
    }
    return true;
  }

  bool product() {
    if (!factor()) return false;
    while (const auto operation = one_of('*', Operation::multiply, '/', Operation::divide)) {
      if (!factor()) return false;
      expression_.steps_.push_back({*operation});
    }
    return true;
  }

  bool factor() {
    if (at_end()) return complain("a column or a number is missing at the end");
    const char c = text_[at_];
    if (is_digit(c) || c == '.') return number();
    if (begins_column(c) || c == '"') return column();
    if (c != '(' && c != '-') return complain("'" + std::string(1, c) + "' is no column and no number");
    if (++depth_ > k_deepest) return complain("nested too deep");
    ++at_;
    if (c == '-') {
      if (!factor()) return false;
      expression_.steps_.push_back({Operation::negate});
    } else {
      if (!sum()) return false;
      if (at_end() || text_[at_] != ')') return complain("')' is missing");
      ++at_;
    }
    --depth_;
    return true;
  }

  bool number() {
    double value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, fault] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (fault != std::errc{}) return complain("this is no number");
    at_ += static_cast<std::size_t>(end - begin);
    expression_.steps_.push_back({Operation::number, value});
    return true;
  }

  bool column() {
    const auto name = text_[at_] == '"' ? quoted('"') : word();
    if (!name) return false;
    if (name->empty()) return complain("a column without a name");
    const std::size_t column = position_of(*name, expression_.columns_);
    if (at_end() || (text_[at_] != '=' && text_[at_] != '!')) {
      expression_.steps_.push_back({Operation::column, 0, column});
      return true;
    }
    const bool differs = text_[at_] == '!';
    if (differs && text_.substr(at_, 2) != "!=") return complain("'!' is no operator: '!=' is");
    at_ += differs ? 2 : 1;
    if (at_end() || text_[at_] != '\'')
      return complain("a text in single quotes must follow",
                      "A column is compared with a text: status = 'up'.");
    const auto text = quoted('\'');
    if (!text) return false;
    expression_.steps_.push_back({differs ? Operation::differs : Operation::equals, 0, column,
                                  position_of(*text, expression_.texts_)});
    return true;
  }

  std::optional<std::string> word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && may_stand_in_column(text_[at_]))
      ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::optional<std::string> quoted(char quote) {
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) {
      complain("the quote has no end");
      return std::nullopt;
    }
    std::string inside(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return inside;
  }

  static std::size_t position_of(const std::string& word, std::vector<std::string>& words) {
    const auto found = std::ranges::find(words, word);
    const auto position = static_cast<std::size_t>(found - words.begin());
    if (found == words.end()) words.push_back(word);
    return position;
  }

  std::optional<Operation> one_of(char one, Operation first, char other, Operation second) {
    if (at_end() || (text_[at_] != one && text_[at_] != other)) return std::nullopt;
    return text_[at_++] == one ? first : second;
  }

  bool at_end() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n'))
      ++at_;
    return at_ == text_.size();
  }

  bool complain(std::string message, std::string hint = {}) {
    if (!mistake_) mistake_ = ExpressionMistake{at_, std::move(message), std::move(hint)};
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  Expression expression_;
  std::optional<ExpressionMistake> mistake_;
};

std::expected<Expression, ExpressionMistake> Expression::parse(std::string_view text) {
  return ExpressionParser(text).parse();
}

std::optional<double> Expression::evaluate(Inputs& inputs) const {
  // Each level of nesting holds at most two operands (a sum and a product) beside the one that is being made.
  std::array<double, 2 * k_deepest + 4> stack{};
  std::size_t top = 0;  // how many are on it
  for (const Step& step : steps_) {
    switch (step.operation) {
      case Operation::number:
        stack[top++] = step.number;
        continue;
      case Operation::column: {
        const auto number = inputs.number(step.column);
        if (!number) return std::nullopt;
        stack[top++] = *number;
        continue;
      }
      case Operation::equals:
      case Operation::differs: {
        const auto text = inputs.text(step.column);
        if (!text) return std::nullopt;
        stack[top++] = (*text == texts_[step.text]) == (step.operation == Operation::equals) ? 1 : 0;
        continue;
      }
      case Operation::negate:
        stack[top - 1] = -stack[top - 1];
        continue;
      case Operation::add:
      case Operation::subtract:
      case Operation::multiply:
      case Operation::divide:
        break;
    }
    const double right = stack[--top];
    double& left = stack[top - 1];
    if (step.operation == Operation::divide && right == 0) return std::nullopt;
    left = step.operation == Operation::add        ? left + right
           : step.operation == Operation::subtract ? left - right
           : step.operation == Operation::multiply ? left * right
                                                   : left / right;
  }
  return stack[0];
}

}  // namespace pgvigil::collectors
