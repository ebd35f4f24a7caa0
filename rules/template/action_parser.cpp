#include "rules/template/action_parser.h"

#include <algorithm>

#include "rules/promql/number.h"
#include "rules/template/functions.h"

namespace pgvigil::rules::templates {
namespace {

constexpr std::size_t k_most_depth = 50;

bool read_number(const std::string& text, Operand& operand) {
  const auto value = promql::parse_number(text);
  if (!value) return false;
  const std::string_view digits = std::string_view(text).substr(text.find_first_not_of("+-"));
  const bool whole = digits.find_first_not_of("0123456789") == digits.npos && digits.size() < 16;
  operand.kind = whole ? Operand::Kind::integer : Operand::Kind::number;
  operand.number = *value;
  if (whole) operand.integer = static_cast<std::int64_t>(*value);
  return true;
}

Result<void> read_word(const Token& word, Operand& operand) {
  if (word.text == "true" || word.text == "false") {
    operand.kind = Operand::Kind::boolean;
    operand.boolean = word.text == "true";
    return {};
  }
  operand.name = word.text;
  if (word.text == "nil") {
    operand.kind = Operand::Kind::nil;
    return {};
  }
  operand.kind = Operand::Kind::function;
  if (find_function(word.text) != nullptr) return {};
  if (is_left_out(word.text))
    return failure("the function '" + word.text + "' is not supported", word.offset);
  return failure("there is no function '" + word.text + "'", word.offset);
}

}  // namespace

void ActionParser::skip_space() {
  while (token().kind == Token::Kind::space)
    ++token_;
}

Result<void> ActionParser::expect_end() {
  skip_space();
  if (token().kind == Token::Kind::end) return {};
  return failure("unexpected '" + token().text + "'", token().offset);
}

void ActionParser::read_declaration(Pipeline& pipeline) {
  const std::size_t begin = token_;
  std::vector<std::string> names;
  while (token().kind == Token::Kind::variable) {
    names.push_back(token().text);
    ++token_;
    skip_space();
    if (token().kind == Token::Kind::declare || token().kind == Token::Kind::assign) {
      pipeline.declares = token().kind == Token::Kind::declare;
      pipeline.variables = std::move(names);
      ++token_;
      return;
    }
    if (token().kind != Token::Kind::comma) break;
    ++token_;
    skip_space();
  }
  token_ = begin;
}

Result<Pipeline> ActionParser::read_pipeline(std::size_t depth) {
  skip_space();
  Pipeline pipeline;
  pipeline.offset = token().offset;
  if (depth > k_most_depth) return failure("parentheses are nested too deeply", pipeline.offset);
  read_declaration(pipeline);
  if (pipeline.variables.size() > 2) return failure("too many variables", pipeline.offset);
  for (;;) {
    auto command = read_command(depth);
    if (!command) return std::unexpected(command.error());
    if (!pipeline.commands.empty() && command->front().kind != Operand::Kind::function)
      return failure("only a function can stand after '|'", command->front().offset);
    pipeline.commands.push_back(std::move(*command));
    if (token().kind != Token::Kind::pipe) break;
    ++token_;
  }
  for (const std::string& name : pipeline.variables) {
    if (pipeline.declares) {
      variables_.push_back(name);
    } else if (std::ranges::find(variables_, name) == variables_.end()) {
      return failure("undefined variable '" + name + "'", pipeline.offset);
    }
  }
  return pipeline;
}

Result<Command> ActionParser::read_command(std::size_t depth) {
  Command command;
  for (skip_space(); !ends_command(); skip_space()) {
    auto operand = read_operand(depth);
    if (!operand) return std::unexpected(operand.error());
    command.push_back(std::move(*operand));
  }
  if (command.empty()) return failure("a value is missing", token().offset);
  if (command.front().kind != Operand::Kind::function && command.size() > 1)
    return failure("only a function takes arguments", command[1].offset);
  return command;
}

bool ActionParser::ends_command() const {
  return token().kind == Token::Kind::end || token().kind == Token::Kind::pipe ||
         token().kind == Token::Kind::close;
}

Result<Operand> ActionParser::read_operand(std::size_t depth) {
  const Token& first = token();
  Operand operand;
  operand.offset = first.offset;
  ++token_;
  switch (first.kind) {
    case Token::Kind::dot:
      break;
    case Token::Kind::field:
      operand.fields.push_back(first.text.substr(1));
      break;
    case Token::Kind::variable:
      operand.kind = Operand::Kind::variable;
      operand.name = first.text;
      if (std::ranges::find(variables_, first.text) == variables_.end())
        return failure("undefined variable '" + first.text + "'", first.offset);
      break;
    case Token::Kind::text:
      operand.kind = Operand::Kind::text;
      operand.name = first.text;
      break;
    case Token::Kind::number:
      if (!read_number(first.text, operand)) return failure("bad number '" + first.text + "'", first.offset);
      break;
    case Token::Kind::word:
      if (auto done = read_word(first, operand); !done) return std::unexpected(done.error());
      break;
    case Token::Kind::open: {
      auto inner = read_pipeline(depth + 1);
      if (!inner) return std::unexpected(inner.error());
      if (token().kind != Token::Kind::close) return failure("'(' without its ')'", first.offset);
      ++token_;
      operand.kind = Operand::Kind::pipeline;
      operand.pipeline = std::make_unique<Pipeline>(std::move(*inner));
      break;
    }
    case Token::Kind::space:
    case Token::Kind::pipe:
    case Token::Kind::close:
    case Token::Kind::declare:
    case Token::Kind::assign:
    case Token::Kind::comma:
    case Token::Kind::end:
      return failure("unexpected '" + first.text + "'", first.offset);
  }
  while (token().kind == Token::Kind::field) {
    operand.fields.push_back(token().text.substr(1));
    ++token_;
  }
  return operand;
}

}  // namespace pgvigil::rules::templates
