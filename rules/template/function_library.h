#pragma once

#include "rules/template/functions.h"

// What the table of functions holds, beyond what functions.cpp makes itself.

namespace pgvigil::rules::templates {

using Arguments = std::span<const Value>;

inline std::unexpected<std::string> failure(std::string message) {
  return std::unexpected(std::move(message));
}

/// The argument as text; Go's functions take nothing else there.
std::expected<std::string, std::string> text_of(const Value& value);

// functions_query.cpp
FunctionResult query(Arguments arguments, const TemplateData& data);
FunctionResult first(Arguments arguments, const TemplateData& data);
FunctionResult value_of_sample(Arguments arguments, const TemplateData& data);
FunctionResult label_of_sample(Arguments arguments, const TemplateData& data);
FunctionResult text_value_of_sample(Arguments arguments, const TemplateData& data);
FunctionResult sorted_by_label(Arguments arguments, const TemplateData& data);
FunctionResult length(Arguments arguments, const TemplateData& data);
FunctionResult element(Arguments arguments, const TemplateData& data);

// functions_text.cpp
FunctionResult replaced(Arguments arguments, const TemplateData& data);
FunctionResult found(Arguments arguments, const TemplateData& data);
FunctionResult lower(Arguments arguments, const TemplateData& data);
FunctionResult upper(Arguments arguments, const TemplateData& data);
FunctionResult title(Arguments arguments, const TemplateData& data);
FunctionResult without_port(Arguments arguments, const TemplateData& data);
FunctionResult unchanged(Arguments arguments, const TemplateData& data);

// functions_print.cpp
FunctionResult duration_seconds(Arguments arguments, const TemplateData& data);
FunctionResult print_formatted(Arguments arguments, const TemplateData& data);
FunctionResult print_plain(Arguments arguments, const TemplateData& data);
FunctionResult print_line(Arguments arguments, const TemplateData& data);

// functions_compare.cpp
FunctionResult negated(Arguments arguments, const TemplateData& data);
FunctionResult equal(Arguments arguments, const TemplateData& data);
FunctionResult not_equal(Arguments arguments, const TemplateData& data);
FunctionResult less(Arguments arguments, const TemplateData& data);
FunctionResult less_or_equal(Arguments arguments, const TemplateData& data);
FunctionResult greater(Arguments arguments, const TemplateData& data);
FunctionResult greater_or_equal(Arguments arguments, const TemplateData& data);

}  // namespace pgvigil::rules::templates
