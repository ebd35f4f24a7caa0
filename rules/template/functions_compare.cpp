// Functions of truth and order.

#include <compare>

#include "rules/template/function_library.h"

namespace pgvigil::rules::templates {
namespace {

/// How two values of one kind compare; an error for two kinds, as in Go.
std::expected<std::partial_ordering, std::string> compared(const Value& a, const Value& b) {
  const auto compare = [&]<typename T>(const T& left) -> std::expected<std::partial_ordering, std::string> {
    if constexpr (std::is_same_v<T, double> || std::is_same_v<T, std::int64_t> ||
                  std::is_same_v<T, std::string>) {
      if (const auto* right = std::get_if<T>(&b)) return std::partial_ordering(left <=> *right);
    } else if constexpr (std::is_same_v<T, bool>) {
      if (const auto* right = std::get_if<T>(&b))
        return left == *right ? std::partial_ordering::equivalent : std::partial_ordering::unordered;
    }
    return failure("incompatible types for comparison");
  };
  return std::visit(compare, a);
}

template <typename Wanted>
FunctionResult ordered(Arguments arguments, Wanted wanted) {
  const auto order = compared(arguments[0], arguments[1]);
  if (!order) return failure(order.error());
  return wanted(*order);
}

}  // namespace

FunctionResult negated(Arguments arguments, const TemplateData&) {
  return !is_true(arguments[0]);
}

FunctionResult equal(Arguments arguments, const TemplateData&) {
  for (const Value& other : arguments.subspan(1)) {
    const auto order = compared(arguments[0], other);
    if (!order) return failure(order.error());
    if (*order == 0) return true;
  }
  return false;
}

FunctionResult not_equal(Arguments arguments, const TemplateData&) {
  return ordered(arguments, [](std::partial_ordering order) { return order != 0; });
}
FunctionResult less(Arguments arguments, const TemplateData&) {
  return ordered(arguments, [](std::partial_ordering order) { return order < 0; });
}
FunctionResult less_or_equal(Arguments arguments, const TemplateData&) {
  return ordered(arguments, [](std::partial_ordering order) { return order <= 0; });
}
FunctionResult greater(Arguments arguments, const TemplateData&) {
  return ordered(arguments, [](std::partial_ordering order) { return order > 0; });
}
FunctionResult greater_or_equal(Arguments arguments, const TemplateData&) {
  return ordered(arguments, [](std::partial_ordering order) { return order >= 0; });
}

}  // namespace pgvigil::rules::templates
