// Functions that print, or read what is printed.

#include "rules/promql/duration.h"
#include "rules/template/format.h"
#include "rules/template/function_library.h"

namespace pgvigil::rules::templates {

FunctionResult duration_seconds(Arguments arguments, const TemplateData&) {
  const auto text = text_of(arguments[0]);
  if (!text) return failure(text.error());
  const auto milliseconds = promql::parse_duration(*text);
  if (!milliseconds) return failure(milliseconds.error());
  return static_cast<double>(*milliseconds) / 1000;
}

FunctionResult print_formatted(Arguments arguments, const TemplateData&) {
  const auto format = text_of(arguments[0]);
  if (!format) return failure(format.error());
  return go_printf(*format, arguments.subspan(1));
}

FunctionResult print_plain(Arguments arguments, const TemplateData&) {
  std::string result;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool text = std::holds_alternative<std::string>(arguments[i]);
    const bool text_before = i > 0 && std::holds_alternative<std::string>(arguments[i - 1]);
    if (i > 0 && !text && !text_before) result += ' ';
    result += printed(arguments[i]);
  }
  return result;
}

FunctionResult print_line(Arguments arguments, const TemplateData&) {
  std::string result;
  for (std::size_t i = 0; i < arguments.size(); ++i)
    result += (i > 0 ? " " : "") + printed(arguments[i]);
  return result + "\n";
}

}  // namespace pgvigil::rules::templates
