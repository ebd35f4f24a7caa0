#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "rules/promql/value.h"

namespace pgvigil::rules::templates {

/// `.` outside of a range: holds Labels, Value, ExternalLabels and ExternalURL.
struct Root {};

/// What whoever renders gives a template beside all that: a structure with named fields, or a list.
struct Record;
using RecordPtr = std::shared_ptr<const Record>;

using Value = std::variant<std::monostate,  // nil
                           bool,
                           std::int64_t,
                           double,
                           std::string,
                           promql::LabelsPtr,  // a map
                           promql::Sample,     // holds Labels and Value
                           promql::Vector,     // what query gives
                           Root,
                           RecordPtr>;

struct Record {
  std::vector<std::pair<std::string, Value>> fields = {};
  std::vector<Value> elements = {};  ///< of a list, which may have fields as well: .Alerts.Firing
  bool is_list = false;

  /// Null when there is no such field.
  const Value* field(std::string_view name) const;
};

/// Go's name of the type: "float64".
std::string_view type_name(const Value& value);
/// As `{{ value }}` prints it.
std::string printed(const Value& value);
/// Whether `if` takes it: not nil, false, 0 or empty.
bool is_true(const Value& value);
/// A number, or a text that is one; the error says what it is instead.
std::expected<double, std::string> to_number(const Value& value);

}  // namespace pgvigil::rules::templates
