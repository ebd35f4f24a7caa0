#include "rules/explain/emptiness.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "rules/promql/functions.h"
#include "rules/promql/label_groups.h"
#include "rules/promql/number.h"
#include "rules/promql/printer.h"

namespace pgvigil::rules {
namespace {

using namespace promql;

std::string plural(std::size_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 || one == "series" ? "" : "s");
}

/// Two values that are compared, and whose.
struct Compared {
  double left;
  double right;
  LabelsPtr labels;
};

/// The pair that lacks least to hold; the first where NaN leaves no order.
const Compared& nearest_pair(const std::vector<Compared>& pairs) {
  const auto distance = [](const Compared& pair) {
    const double difference = std::abs(pair.left - pair.right);
    return std::isnan(difference) ? k_infinity : difference;
  };
  return *std::ranges::min_element(pairs, {}, distance);
}

std::string comparison_reason(const Binary& binary, const std::vector<Compared>& pairs, bool shows_right) {
  const Compared& nearest = nearest_pair(pairs);
  const std::string op(spelling(binary.op));
  const std::string what = shows_right ? "pair" : "value";
  std::string text = "none of " + plural(pairs.size(), what) + " is " + op;
  if (!shows_right) text += " " + short_number(nearest.right);
  text += ": the nearest is " + short_number(nearest.left);
  if (shows_right) text += " against " + short_number(nearest.right);
  return text + ", of " + to_string(*nearest.labels);
}

LabelChoice choice_of(const VectorMatching& matching) {
  return matching.on ? LabelChoice::only(matching.labels) : LabelChoice::except(matching.labels);
}

/// A side's first series as the operator sees it.
std::string seen_side(const Vector& side, const LabelChoice& choice) {
  return to_string(*choice.apply(side.front().labels));
}

class Emptiness {
 public:
  Emptiness(const Expr& part, PartValues& values) : part_(part), values_(values) {}

  std::string why() {
    if (!values_.is_empty(part_)) return "";
    if (const auto* selector = part_.as<VectorSelector>()) return why_nothing_selected(*selector, values_);
    if (const auto* range = part_.as<MatrixSelector>()) return of_range(*range);
    if (const auto* binary = part_.as<Binary>()) return of_binary(*binary);
    for (const Expr* below : parts_below(part_))
      if (values_.is_empty(*below)) return "";
    if (const auto* call = part_.as<Call>()) return of_call(*call);
    return "it gives nothing of what it is given";
  }

 private:
  std::string of_range(const MatrixSelector& range) {
    const std::string why = why_nothing_selected(range.vector, values_);
    return why.starts_with("its newest sample") ? "there is no sample in its window: " + why : why;
  }

  std::string of_call(const Call& call) {
    const std::string name = std::string(call.function->name) + "()";
    if (call.function->name.starts_with("absent"))
      return "the series are there, and " + name + " is about none";
    for (const Expr* below : parts_below(part_)) {
      const auto& value = values_.of(*below);
      const auto* matrix = value ? std::get_if<Matrix>(&*value) : nullptr;
      if (matrix == nullptr) continue;
      std::size_t most = 0;
      for (const Series& series : *matrix)
        most = std::max(most, series.points.size());
      return name + " needs more samples: the window of the fullest of " + plural(matrix->size(), "series") +
             " holds " + std::to_string(most);
    }
    return name + " leaves nothing of what it is given";
  }

  std::string of_binary(const Binary& binary) {
    const Expr& left = without_parentheses(*binary.left);
    const Expr& right = without_parentheses(*binary.right);
    const bool left_is_scalar = left.type == ValueType::scalar;
    if (left_is_scalar || right.type == ValueType::scalar) return of_scalar(binary, left, right);
    if (binary.op == TokenKind::keyword_or || values_.is_empty(left)) return "";
    if (binary.op == TokenKind::keyword_unless) return of_unless(binary, left);
    if (values_.is_empty(right)) return "";
    const LabelChoice choice = choice_of(binary.matching);
    const std::vector<Compared> pairs = pairs_of(choice, values_.vector(left), values_.vector(right));
    if (pairs.empty()) return no_partner(choice, values_.vector(left), values_.vector(right));
    if (is_comparison(binary.op)) return comparison_reason(binary, pairs, true);
    return "it gives nothing of " + plural(pairs.size(), "pair");
  }

  std::string of_scalar(const Binary& binary, const Expr& left, const Expr& right) {
    const bool scalar_is_left = left.type == ValueType::scalar;
    const Vector& vector = values_.vector(scalar_is_left ? right : left);
    const double scalar = values_.scalar(scalar_is_left ? left : right);
    if (vector.empty()) return "";
    std::vector<Compared> pairs;
    for (const Sample& sample : vector)
      pairs.push_back({scalar_is_left ? scalar : sample.point.v, scalar_is_left ? sample.point.v : scalar,
                       sample.labels});
    return comparison_reason(binary, pairs, scalar_is_left);
  }

  std::string of_unless(const Binary& binary, const Expr& left) {
    return "each of " + plural(values_.vector(left).size(), "series") +
           " on the left has a partner on the right, and " + std::string(spelling(binary.op)) +
           " takes these away";
  }

  static std::vector<Compared> pairs_of(const LabelChoice& choice, const Vector& left, const Vector& right) {
    LabelGroups groups(choice, right.size());
    std::vector<double> value_of_group;
    for (const Sample& sample : right)
      if (groups.number(sample.labels) == value_of_group.size()) value_of_group.push_back(sample.point.v);
    std::vector<Compared> pairs;
    for (const Sample& sample : left) {
      const std::size_t group = groups.number(sample.labels);
      if (group < value_of_group.size())
        pairs.push_back({sample.point.v, value_of_group[group], sample.labels});
    }
    return pairs;
  }

  static std::string no_partner(const LabelChoice& choice, const Vector& left, const Vector& right) {
    return "no series on the left has a partner on the right: the left has " + seen_side(left, choice) +
           ", the right " + seen_side(right, choice);
  }

  const Expr& part_;
  PartValues& values_;
};

void collect(const Expr& expr, PartValues& values, std::vector<const Expr*>& found) {
  const Expr& part = without_parentheses(expr);
  if (!values.is_empty(part)) return;
  if (!why_empty(part, values).empty()) return found.push_back(&part);
  const auto* binary = part.as<Binary>();
  const bool all_sides = binary != nullptr && binary->op == TokenKind::keyword_or;
  for (const Expr* below : parts_below(part)) {
    const std::size_t before = found.size();
    collect(*below, values, found);
    if (!all_sides && found.size() > before) return;
  }
}

}  // namespace

std::string short_number(double value) {
  const bool whole = std::abs(value) < 1e15 && value == std::floor(value);
  if (whole || !std::isfinite(value)) return format_fixed(value);
  std::array<char, 32> text{};
  const auto [end, fault] =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 6);
  return std::string(text.data(), end);
}

std::string why_empty(const Expr& part, PartValues& values) {
  return Emptiness(part, values).why();
}

std::vector<const Expr*> where_empty(const Expr& expr, PartValues& values) {
  std::vector<const Expr*> found;
  collect(expr, values, found);
  return found;
}

}  // namespace pgvigil::rules
