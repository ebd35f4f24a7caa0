#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "rules/template/template.h"
#include "rules/template/value.h"

namespace pgvigil::rules::templates {

/// The error of a function says what is wrong; where, its caller knows.
using FunctionResult = std::expected<Value, std::string>;

struct Function {
  std::string_view name;
  std::size_t least = 1;  ///< arguments
  std::size_t most = 1;
  FunctionResult (*call)(std::span<const Value> arguments, const TemplateData& data) = nullptr;
};

/// `and` and `or` are not called: they stop at the first argument that decides. Null when there is none.
const Function* find_function(std::string_view name);
/// Whether Prometheus or Go has a function of that name that is not here.
bool is_left_out(std::string_view name);

/// The most arguments of a function.
inline constexpr std::size_t k_any_number = 64;

}  // namespace pgvigil::rules::templates
