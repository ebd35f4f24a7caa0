#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rules/promql/value.h"
#include "rules/template/template.h"

namespace pgvigil::rules::templates {

/// `.` outside of a range: holds Labels, Value, ExternalLabels and ExternalURL.
struct Root {};

using Value = std::variant<std::monostate,  // nil
                           bool,
                           std::int64_t,
                           double,
                           std::string,
                           promql::LabelsPtr,  // a map
                           promql::Sample,     // holds Labels and Value
                           promql::Vector,     // what query gives
                           Root>;

/// Go's name of the type: "float64".
std::string_view type_name(const Value& value);
/// As `{{ value }}` prints it.
std::string printed(const Value& value);
/// Whether `if` takes it: not nil, false, 0 or empty.
bool is_true(const Value& value);

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

/// Go's fmt.Sprintf, for the verbs that make sense here. What does not fit is shown as Go shows it:
/// %!d(string=x).
std::string go_printf(std::string_view format, std::span<const Value> arguments);

std::expected<double, std::string> to_number(const Value& value);
std::string humanize(double value);
std::string humanize1024(double value);
std::string humanize_duration(double seconds);
std::string humanize_percentage(double ratio);
std::expected<std::string, std::string> humanize_timestamp(double seconds);

/// The most arguments of a function.
inline constexpr std::size_t k_any_number = 64;

}  // namespace pgvigil::rules::templates
