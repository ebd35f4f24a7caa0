#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/ast.h"
#include "rules/promql/block.h"
#include "rules/promql/value.h"

namespace pgvigil::promql {

class Evaluator;

/// How a function is evaluated, and so which of its implementations counts.
enum class FunctionKind : std::uint8_t {
  sample,       ///< a value from a value, with the scalar arguments of the step
  date,         ///< the same of a time in Unix seconds; the evaluation time when it has no argument
  range,        ///< a value from the samples of a window
  vector,       ///< anything else that gives a vector
  scalar,       ///< anything that gives a scalar
  unsupported,  ///< known to Prometheus, left out here
};

/// The samples that a range function looks at.
struct RangeWindow {
  std::span<const Point> points;  ///< of (begin, end], never empty; with borders, also the ones around it
  std::int64_t begin_ms = 0;
  std::int64_t end_ms = 0;
  std::int64_t evaluated_at_ms = 0;
  std::span<const double> scalars;  ///< the scalar arguments at this step, in their order
  RangeBorders borders = RangeBorders::plain;

  double range_seconds() const { return static_cast<double>(end_ms - begin_ms) / 1000; }
};

/// What a range function has to say beside its value.
struct RangeNotes {
  std::optional<std::string> error = {};    ///< ends the query
  std::optional<double> bad_quantile = {};  ///< warned about
};

using SampleFunction = double (*)(double value, std::span<const double> scalars);
using RangeFunction = double (*)(const RangeWindow& window, RangeNotes& notes);
using VectorFunction = Expected<Block> (*)(Evaluator& evaluator, const Call& call);
using ScalarFunction = Expected<std::vector<double>> (*)(Evaluator& evaluator, const Call& call);

/// A function of PromQL: its signature and its implementation. Functions that return absent() give no value.
struct Function {
  std::string_view name;
  std::span<const ValueType> argument_types;
  int variadic = 0;  ///< the last argument may be left out, or come so often; -1: any number of times
  ValueType returns = ValueType::vector;
  FunctionKind kind = FunctionKind::sample;
  SampleFunction sample = nullptr;
  RangeFunction range = nullptr;
  VectorFunction vector = nullptr;
  ScalarFunction scalar = nullptr;
  bool keeps_name = false;       ///< the result is still that metric: last_over_time()
  bool depends_on_time = false;  ///< of evaluation, even when its arguments do not
  std::string_view reason = {};  ///< why it is unsupported
};

/// The function of that name; null when there is none. The table is sorted by name.
const Function* find_function(std::string_view name);
std::span<const Function> all_functions();

}  // namespace pgvigil::promql
