#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgvigil::rules {

/// A named constant of a rule: what an override changes without writing the expression again.
struct Parameter {
  std::string name;
  std::string written;           ///< as the file has it: "0.8", "15m", "20GiB", "/pgdata.*"
  std::optional<double> number;  ///< its value in base units: a duration in seconds, a size in bytes
  std::optional<std::chrono::milliseconds> duration;  ///< when it was written as one

  bool operator==(const Parameter&) const = default;
};

/// From a number of the file.
Parameter make_parameter(std::string name, double number);
/// From a string of the file: a duration, a size, or a text (which only a string of the expression can hold).
Parameter make_parameter(std::string name, std::string written);

/// Whether `name` may be a parameter's: a word that is none of the template language's variables.
bool is_parameter_name(std::string_view name);

/// A text with its parameters filled in, that remembers where each byte came from.
struct FilledText {
  std::string text;
  std::vector<std::pair<std::size_t, std::size_t>> places;  ///< (place in text, place in the source), growing

  /// Where byte `offset` of the text stands in the source.
  std::size_t source_offset(std::size_t offset) const;
};

struct ParameterError {
  std::string message;
  std::size_t offset;  ///< in the source
};

/// `expr` with every $name filled in: in a string as it was written; as a range or an offset ([$window]) as a
/// duration; elsewhere as a number.
std::expected<FilledText, ParameterError> fill_expression(std::string_view expr,
                                                          std::span<const Parameter> parameters);

/// `text` of an annotation with every $name that is a parameter filled in: inside {{ }} as a number,
/// elsewhere as it was written.
FilledText fill_template(std::string_view text, std::span<const Parameter> parameters);

}  // namespace pgvigil::rules
