#include "rules/template/functions.h"

#include <algorithm>
#include <array>

#include "rules/template/format.h"
#include "rules/template/function_library.h"

namespace pgvigil::rules::templates {
namespace {

template <std::string (*Show)(double)>
FunctionResult shown(Arguments arguments, const TemplateData&) {
  const auto number = to_number(arguments[0]);
  if (!number) return failure(number.error());
  return Show(*number);
}

FunctionResult shown_timestamp(Arguments arguments, const TemplateData&) {
  const auto number = to_number(arguments[0]);
  if (!number) return failure(number.error());
  auto text = humanize_timestamp(*number);
  if (!text) return failure(text.error());
  return std::move(*text);
}

FunctionResult external_url(Arguments, const TemplateData& data) {
  return data.external_url;
}

constexpr std::array k_functions = {
    Function{"and", 1, k_any_number},
    Function{"eq", 2, k_any_number, equal},
    Function{"externalURL", 0, 0, external_url},
    Function{"first", 1, 1, first},
    Function{"ge", 2, 2, greater_or_equal},
    Function{"gt", 2, 2, greater},
    Function{"humanize", 1, 1, shown<humanize>},
    Function{"humanize1024", 1, 1, shown<humanize1024>},
    Function{"humanizeDuration", 1, 1, shown<humanize_duration>},
    Function{"humanizePercentage", 1, 1, shown<humanize_percentage>},
    Function{"humanizeTimestamp", 1, 1, shown_timestamp},
    Function{"index", 2, 2, element},
    Function{"label", 2, 2, label_of_sample},
    Function{"le", 2, 2, less_or_equal},
    Function{"len", 1, 1, length},
    Function{"lt", 2, 2, less},
    Function{"match", 2, 2, found},
    Function{"ne", 2, 2, not_equal},
    Function{"not", 1, 1, negated},
    Function{"or", 1, k_any_number},
    Function{"parseDuration", 1, 1, duration_seconds},
    Function{"print", 0, k_any_number, print_plain},
    Function{"printf", 1, k_any_number, print_formatted},
    Function{"println", 0, k_any_number, print_line},
    Function{"query", 1, 1, query},
    Function{"reReplaceAll", 3, 3, replaced},
    Function{"safeHtml", 1, 1, unchanged},
    Function{"sortByLabel", 2, 2, sorted_by_label},
    Function{"stripPort", 1, 1, without_port},
    Function{"strvalue", 1, 1, text_value_of_sample},
    Function{"title", 1, 1, title},
    Function{"toLower", 1, 1, lower},
    Function{"toUpper", 1, 1, upper},
    Function{"value", 1, 1, value_of_sample},
};

constexpr std::array<std::string_view, 12> k_left_out = {"args",      "call",        "graphLink", "html",
                                                         "js",        "pathPrefix",  "slice",     "tmpl",
                                                         "tableLink", "stripDomain", "toTime",    "urlquery"};

}  // namespace

const Function* find_function(std::string_view name) {
  const auto found_at = std::ranges::find(k_functions, name, &Function::name);
  return found_at == k_functions.end() ? nullptr : &*found_at;
}

bool is_left_out(std::string_view name) {
  return std::ranges::find(k_left_out, name) != k_left_out.end();
}

}  // namespace pgvigil::rules::templates
