#include "rules/promql/functions.h"
#include "rules/promql/parser_state.h"
#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

bool has_parameter(TokenKind op) {
  switch (op) {
    case TokenKind::keyword_topk:
    case TokenKind::keyword_bottomk:
    case TokenKind::keyword_limitk:
    case TokenKind::keyword_limit_ratio:
    case TokenKind::keyword_quantile:
    case TokenKind::keyword_count_values:
      return true;
    default:
      return false;
  }
}

}  // namespace

Expected<ExprPtr> Parser::parse_aggregation() {
  Token op = token();
  advance();
  Aggregation aggregation;
  aggregation.op = op.kind;
  Expected<bool> grouped = parse_grouping(aggregation);
  if (!grouped) return std::unexpected(grouped.error());
  if (!at(TokenKind::left_parenthesis)) return unexpected("aggregation", "");
  Expected<std::vector<ExprPtr>> arguments = parse_arguments();
  if (!arguments) return std::unexpected(arguments.error());
  if (!*grouped) grouped = parse_grouping(aggregation);  // it may stand on either side of the arguments
  if (!grouped) return std::unexpected(grouped.error());
  Span span{op.span.begin, end_of_previous()};
  if (arguments->empty()) return fail(span, "no arguments for aggregate expression provided");
  std::size_t wanted = has_parameter(op.kind) ? 2 : 1;
  if (arguments->size() != wanted) {
    return fail(span, "wrong number of arguments for aggregate expression provided, expected " +
                          std::to_string(wanted) + ", got " + std::to_string(arguments->size()));
  }
  if (wanted == 2) aggregation.parameter = std::move(arguments->front());
  aggregation.expr = std::move(arguments->back());
  std::size_t depth = deeper(aggregation.expr->depth, aggregation.parameter);
  return make(std::move(aggregation), span, depth, ValueType::vector);
}

/// `by (...)` or `without (...)`; false when neither is there.
Expected<bool> Parser::parse_grouping(Aggregation& aggregation) {
  if (!at(TokenKind::keyword_by) && !at(TokenKind::keyword_without)) return false;
  aggregation.without = at(TokenKind::keyword_without);
  advance();
  Expected<std::vector<std::string>> labels = parse_label_list();
  if (!labels) return std::unexpected(labels.error());
  aggregation.grouping = std::move(*labels);
  return true;
}

Expected<ExprPtr> Parser::parse_call() {
  Token name = token();
  advance();
  const Function* function = find_function(text(name));
  if (function == nullptr) return fail(name.span, "unknown function with name " + quoted(text(name)));
  if (function->kind == FunctionKind::unsupported) {
    return failure_at(
        Fault::unsupported,
        "function " + quoted(function->name) + " is not supported: " + std::string(function->reason), query_,
        name.span);
  }
  Expected<std::vector<ExprPtr>> arguments = parse_arguments();
  if (!arguments) return std::unexpected(arguments.error());
  std::size_t depth = 0;
  for (const ExprPtr& argument : *arguments)
    depth = deeper(depth, argument);
  Span span{name.span.begin, end_of_previous()};
  return make(Call{function, std::move(*arguments)}, span, depth, function->returns);
}

Expected<std::vector<ExprPtr>> Parser::parse_arguments() {
  std::vector<ExprPtr> arguments;
  advance();  // the parenthesis
  if (accept(TokenKind::right_parenthesis)) return arguments;
  while (true) {
    Expected<ExprPtr> argument = parse_expr(1);
    if (!argument) return std::unexpected(argument.error());
    arguments.push_back(std::move(*argument));
    if (accept(TokenKind::right_parenthesis)) return arguments;
    Span comma = token().span;
    if (!accept(TokenKind::comma)) return unexpected("", "");
    if (at(TokenKind::right_parenthesis))
      return fail(comma, "trailing commas not allowed in function call args");
  }
}

Expected<std::vector<std::string>> Parser::parse_label_list() {
  std::vector<std::string> labels;
  if (!accept(TokenKind::left_parenthesis)) return unexpected("grouping opts", "\"(\"");
  while (!accept(TokenKind::right_parenthesis)) {
    Expected<std::string> label = parse_grouping_label();
    if (!label) return std::unexpected(label.error());
    labels.push_back(std::move(*label));
    if (!at(TokenKind::right_parenthesis) && !accept(TokenKind::comma)) {
      return unexpected("grouping opts", "\",\" or \")\"");
    }
  }
  return labels;
}

Expected<std::string> Parser::parse_grouping_label() {
  Token label = token();
  if (label.kind == TokenKind::string) {
    std::string name = *unquoted(text(label));
    if (!is_utf8_label_name(name)) return unexpected("grouping opts", "label");
    advance();
    return name;
  }
  if (!may_name_label(label.kind) || !is_plain_label_name(text(label))) {
    return unexpected("grouping opts", "label");
  }
  advance();
  return std::string(text(label));
}

}  // namespace pgvigil::promql
