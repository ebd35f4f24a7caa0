#include "collectors/expression.h"

#include <catch2/catch.hpp>
#include <map>

using namespace pgvigil::collectors;

namespace {

using Cells = std::map<std::string, std::string>;  // a column that is not in it is NULL

class CellInputs final : public Expression::Inputs {
 public:
  CellInputs(const Expression& expression, const Cells& cells) : expression_(expression), cells_(cells) {}
  std::optional<double> number(std::size_t column) override {
    const auto cell = text(column);
    return cell ? std::optional(std::stod(std::string(*cell))) : std::nullopt;
  }
  std::optional<std::string_view> text(std::size_t column) override {
    const auto cell = cells_.find(expression_.columns()[column]);
    return cell == cells_.end() ? std::nullopt : std::optional<std::string_view>(cell->second);
  }

 private:
  const Expression& expression_;
  const Cells& cells_;
};

std::optional<double> value_of(const std::string& text, const Cells& cells = {}) {
  const auto expression = Expression::parse(text);
  if (!expression) FAIL(text << ": " << expression.error().message);
  CellInputs inputs(*expression, cells);
  return expression->evaluate(inputs);
}

std::string mistake(const std::string& text) {
  const auto expression = Expression::parse(text);
  return expression ? "" : std::to_string(expression.error().offset) + ": " + expression.error().message;
}

}  // namespace

TEST_CASE("an expression is worked out as arithmetic is", "[expression]") {
  CHECK(value_of("2 + 3 * 4") == 14);
  CHECK(value_of("(2 + 3) * 4") == 20);
  CHECK(value_of("10 - 4 - 3") == 3);
  CHECK(value_of("12 / 4 / 3") == 1);
  CHECK(value_of("-a + 1", {{"a", "3"}}) == -2);
  CHECK(value_of("maxwait + maxwait_us * 1e-6", {{"maxwait", "2"}, {"maxwait_us", "500000"}}) == 2.5);
  CHECK(value_of("a*a", {{"a", "3"}}) == 9);
  CHECK(value_of("\"odd name\"", {{"odd name", "7"}}) == 7);
}

TEST_CASE("a column is compared with a text", "[expression]") {
  CHECK(value_of("status = 'up'", {{"status", "up"}}) == 1);
  CHECK(value_of("status = 'up'", {{"status", "down"}}) == 0);
  CHECK(value_of("status != ''", {{"status", "x"}}) == 1);
  CHECK(value_of("1 - (status = 'up')", {{"status", "up"}}) == 0);
}

TEST_CASE("what rests on NULL, or on a division by zero, is absent", "[expression]") {
  CHECK_FALSE(value_of("a + 1"));
  CHECK_FALSE(value_of("a = 'x'"));
  CHECK_FALSE(value_of("1 / a", {{"a", "0"}}));
}

TEST_CASE("a column alone is known as such", "[expression]") {
  CHECK(Expression::parse("count")->is_column());
  CHECK(Expression::parse(" \"Count\" ")->is_column());
  CHECK_FALSE(Expression::parse("count * 1")->is_column());
  CHECK_FALSE(Expression::parse("1")->is_column());
  CHECK(Expression::parse("a + b - a")->columns() == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a mistake in an expression is told with its place", "[expression]") {
  CHECK(mistake("a +") == "3: a column or a number is missing at the end");
  CHECK(mistake("a b") == "2: 'b' is not expected here");
  CHECK(mistake("(a") == "2: ')' is missing");
  CHECK(mistake("a ; b") == "2: ';' is not expected here");
  CHECK(mistake("a ! b") == "2: '!' is no operator: '!=' is");
  CHECK(mistake("a = b") == "4: a text in single quotes must follow");
  CHECK(mistake("a = 'b") == "4: the quote has no end");
  CHECK(mistake("\"\"") == "2: a column without a name");
  CHECK(mistake("((((((((((((((((((((a))))))))))))))))))))") == "16: nested too deep");
}

TEST_CASE("the deepest nesting that is allowed has room", "[expression]") {
  std::string text;
  for (int i = 0; i < 16; ++i)
    text += "1 + 1 * (";
  text += "1))))))))))))))))";
  CHECK(value_of(text) == 17);
}
