#include <cmath>

#include "rules/promql/evaluator.h"

namespace pgvigil::promql {

double compute(TokenKind op, double left, double right) {
  switch (op) {
    case TokenKind::add:
      return left + right;
    case TokenKind::subtract:
      return left - right;
    case TokenKind::multiply:
      return left * right;
    case TokenKind::divide:
      return left / right;
    case TokenKind::modulo:
      return std::fmod(left, right);
    case TokenKind::power:
      return std::pow(left, right);
    case TokenKind::keyword_atan2:
      return std::atan2(left, right);
    default:
      return k_nan;
  }
}

bool compare(TokenKind op, double left, double right) {
  switch (op) {
    case TokenKind::equal:
      return left == right;
    case TokenKind::not_equal:
      return left != right;
    case TokenKind::less:
      return left < right;
    case TokenKind::less_or_equal:
      return left <= right;
    case TokenKind::greater:
      return left > right;
    case TokenKind::greater_or_equal:
      return left >= right;
    default:
      return false;
  }
}

Expected<Block> vector_scalar(const Binary& binary,
                              Block vector,
                              std::span<const double> scalars,
                              bool scalar_is_left) {
  bool comparison = is_comparison(binary.op);
  bool filters = comparison && !binary.return_bool;
  for (std::size_t i = 0; i < vector.size(); ++i) {
    if (!filters) vector.row(i).drop_name = true;
    std::span<double> cells = vector.cells(i);
    for (std::size_t step = 0; step < cells.size(); ++step) {
      double& cell = cells[step];
      if (is_absent(cell)) continue;
      double left = scalar_is_left ? scalars[step] : cell;
      double right = scalar_is_left ? cell : scalars[step];
      if (!comparison) {
        cell = compute(binary.op, left, right);
      } else if (binary.return_bool) {
        cell = compare(binary.op, left, right) ? 1 : 0;
      } else if (!compare(binary.op, left, right)) {
        cell = absent();
      }
    }
  }
  if (filters) vector.drop_empty_rows();
  return vector;
}

}  // namespace pgvigil::promql
