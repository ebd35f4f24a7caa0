#include "rules/template/functions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <compare>
#include <optional>

#include "rules/promql/duration.h"
#include "rules/promql/natural_order.h"
#include "rules/promql/number.h"
#include "rules/promql/regex/regex.h"
#include "rules/promql/text.h"

namespace pgvigil::rules::templates {
namespace {

using Arguments = std::span<const Value>;
using promql::Sample;
using promql::Vector;

std::unexpected<std::string> failure(std::string message) {
  return std::unexpected(std::move(message));
}

/// The argument as text; Go's functions take nothing else there.
std::expected<std::string, std::string> text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return failure("expected a string, got " + std::string(type_name(value)));
}

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

FunctionResult query(Arguments arguments, const TemplateData& data) {
  const auto text = text_of(arguments[0]);
  if (!text) return failure(text.error());
  if (!data.query) return failure("no query can be answered here");
  auto result = data.query(*text);
  if (!result) return failure(promql::to_string(result.error()));
  return std::move(*result);
}

FunctionResult first(Arguments arguments, const TemplateData&) {
  const auto* vector = std::get_if<Vector>(&arguments[0]);
  if (vector == nullptr)
    return failure("expected a query's result, got " + std::string(type_name(arguments[0])));
  if (vector->empty()) return failure("first() called on vector with no elements");
  return vector->front();
}

FunctionResult value_of_sample(Arguments arguments, const TemplateData&) {
  const auto* sample = std::get_if<Sample>(&arguments[0]);
  if (sample == nullptr) return failure("expected a sample, got " + std::string(type_name(arguments[0])));
  return sample->point.v;
}

FunctionResult label_of_sample(Arguments arguments, const TemplateData&) {
  const auto name = text_of(arguments[0]);
  const auto* sample = std::get_if<Sample>(&arguments[1]);
  if (!name) return failure(name.error());
  if (sample == nullptr) return failure("expected a sample, got " + std::string(type_name(arguments[1])));
  return std::string(sample->labels->get(*name));
}

FunctionResult text_value_of_sample(Arguments arguments, const TemplateData&) {
  const auto* sample = std::get_if<Sample>(&arguments[0]);
  if (sample == nullptr) return failure("expected a sample, got " + std::string(type_name(arguments[0])));
  return std::string(sample->labels->get("__value__"));
}

FunctionResult sorted_by_label(Arguments arguments, const TemplateData&) {
  const auto name = text_of(arguments[0]);
  const auto* vector = std::get_if<Vector>(&arguments[1]);
  if (!name) return failure(name.error());
  if (vector == nullptr)
    return failure("expected a query's result, got " + std::string(type_name(arguments[1])));
  Vector sorted = *vector;
  std::ranges::stable_sort(
      sorted, [&](const Sample& a, const Sample& b) { return a.labels->get(*name) < b.labels->get(*name); });
  return sorted;
}

FunctionResult replaced(Arguments arguments, const TemplateData&) {
  std::array<std::string, 3> texts;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto text = text_of(arguments[i]);
    if (!text) return failure(text.error());
    texts[i] = std::move(*text);
  }
  const auto& [pattern, replacement, text] = texts;
  // Regex matches whole texts: what is found is the shortest head that begins a match, taken as long as it
  // goes.
  auto around = promql::Regex::compile("(?s:(.*?))(" + pattern + ")(?s:(.*))");
  auto exact = promql::Regex::compile(pattern);
  if (!around || !exact) return failure(around ? exact.error() : around.error());
  std::string result;
  std::string rest = text;
  while (true) {
    const auto groups = around->match_groups(rest);
    if (!groups || !(*groups)[2]) return result + rest;
    const promql::RegexGroup found = *(*groups)[2];
    const std::string part = rest.substr(found.begin, found.end - found.begin);
    result += rest.substr(0, found.begin);
    if (const auto inner = exact->match_groups(part)) result += exact->expand(replacement, part, *inner);
    if (found.end > found.begin) {
      rest = rest.substr(found.end);
      if (rest.empty()) return result;
      continue;
    }
    if (found.end >= rest.size()) return result;
    const std::size_t width = std::max<std::size_t>(promql::decode_utf8(rest, found.end).width, 1);
    result += rest.substr(found.end, width);
    rest = rest.substr(found.end + width);
  }
}

FunctionResult found(Arguments arguments, const TemplateData&) {
  const auto pattern = text_of(arguments[0]);
  const auto text = text_of(arguments[1]);
  if (!pattern || !text) return failure(pattern ? text.error() : pattern.error());
  auto regex = promql::Regex::compile(*pattern);
  if (!regex) return failure(regex.error());
  return regex->found_in(*text);
}

FunctionResult lower(Arguments arguments, const TemplateData&) {
  const auto text = text_of(arguments[0]);
  if (!text) return failure(text.error());
  return promql::lower_case(*text);
}

char upper_letter(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

FunctionResult upper(Arguments arguments, const TemplateData&) {
  auto text = text_of(arguments[0]);
  if (!text) return failure(text.error());
  std::ranges::transform(*text, text->begin(), upper_letter);
  return std::move(*text);
}

FunctionResult title(Arguments arguments, const TemplateData&) {
  auto text = text_of(arguments[0]);
  if (!text) return failure(text.error());
  bool begins = true;
  for (char& c : *text) {
    if (begins) c = upper_letter(c);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        c == '_' || c == '\'' || static_cast<unsigned char>(c) >= 0x80;
    begins = !letter || c == '\'';
  }
  return std::move(*text);
}

FunctionResult without_port(Arguments arguments, const TemplateData&) {
  const auto text = text_of(arguments[0]);
  if (!text) return failure(text.error());
  const std::size_t colon = text->rfind(':');
  if (text->starts_with('[')) {
    const std::size_t close = text->find(']');
    const bool port = close != text->npos && close + 1 < text->size() && (*text)[close + 1] == ':';
    return port ? text->substr(1, close - 1) : *text;
  }
  if (colon == text->npos || text->find(':') != colon) return *text;
  return text->substr(0, colon);
}

FunctionResult external_url(Arguments, const TemplateData& data) {
  return data.external_url;
}

FunctionResult unchanged(Arguments arguments, const TemplateData&) {
  auto text = text_of(arguments[0]);
  if (!text) return failure(text.error());
  return std::move(*text);
}

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

FunctionResult negated(Arguments arguments, const TemplateData&) {
  return !is_true(arguments[0]);
}

FunctionResult length(Arguments arguments, const TemplateData&) {
  const Value& value = arguments[0];
  if (const auto* text = std::get_if<std::string>(&value)) return static_cast<std::int64_t>(text->size());
  if (const auto* labels = std::get_if<promql::LabelsPtr>(&value))
    return static_cast<std::int64_t>((*labels)->size());
  if (const auto* vector = std::get_if<Vector>(&value)) return static_cast<std::int64_t>(vector->size());
  return failure("len of type " + std::string(type_name(value)));
}

FunctionResult element(Arguments arguments, const TemplateData&) {
  if (const auto* labels = std::get_if<promql::LabelsPtr>(&arguments[0])) {
    const auto name = text_of(arguments[1]);
    if (!name) return failure(name.error());
    return std::string((*labels)->get(*name));
  }
  if (const auto* vector = std::get_if<Vector>(&arguments[0])) {
    const auto* index = std::get_if<std::int64_t>(&arguments[1]);
    if (index == nullptr) return failure("an index must be an integer");
    if (*index < 0 || *index >= static_cast<std::int64_t>(vector->size()))
      return failure("index out of range: " + std::to_string(*index));
    return (*vector)[static_cast<std::size_t>(*index)];
  }
  return failure("can't index item of type " + std::string(type_name(arguments[0])));
}

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

FunctionResult equal(Arguments arguments, const TemplateData&) {
  for (const Value& other : arguments.subspan(1)) {
    const auto order = compared(arguments[0], other);
    if (!order) return failure(order.error());
    if (*order == 0) return true;
  }
  return false;
}

template <typename Wanted>
FunctionResult ordered(Arguments arguments, Wanted wanted) {
  const auto order = compared(arguments[0], arguments[1]);
  if (!order) return failure(order.error());
  return wanted(*order);
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

std::string_view type_name(const Value& value) {
  constexpr std::array<std::string_view, 9> k_names = {"<nil>",
                                                       "bool",
                                                       "int",
                                                       "float64",
                                                       "string",
                                                       "map[string]string",
                                                       "*template.sample",
                                                       "template.queryResult",
                                                       "struct"};
  return k_names[value.index()];
}

std::string printed(const Value& value) {
  struct Printer {
    std::string operator()(std::monostate) const { return "<no value>"; }
    std::string operator()(bool boolean) const { return boolean ? "true" : "false"; }
    std::string operator()(std::int64_t integer) const { return std::to_string(integer); }
    std::string operator()(double number) const { return promql::format_general(number); }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(const promql::LabelsPtr& labels) const {
      std::string text = "map[";
      for (std::size_t i = 0; i < labels->size(); ++i)
        text += (i > 0 ? " " : "") + std::string((*labels)[i].name) + ":" + std::string((*labels)[i].value);
      return text + "]";
    }
    std::string operator()(const Sample& sample) const {
      return to_string(*sample.labels) + " " + promql::format_general(sample.point.v);
    }
    std::string operator()(const Vector& vector) const {
      std::string text;
      for (const Sample& sample : vector)
        text += (text.empty() ? "" : ", ") + (*this)(sample);
      return "[" + text + "]";
    }
    std::string operator()(Root) const { return ""; }
  };
  return std::visit(Printer{}, value);
}

bool is_true(const Value& value) {
  struct Truth {
    bool operator()(std::monostate) const { return false; }
    bool operator()(bool boolean) const { return boolean; }
    bool operator()(std::int64_t integer) const { return integer != 0; }
    bool operator()(double number) const { return number != 0; }
    bool operator()(const std::string& text) const { return !text.empty(); }
    bool operator()(const promql::LabelsPtr& labels) const { return labels->size() > 0; }
    bool operator()(const Sample&) const { return true; }
    bool operator()(const Vector& vector) const { return !vector.empty(); }
    bool operator()(Root) const { return true; }
  };
  return std::visit(Truth{}, value);
}

std::expected<double, std::string> to_number(const Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (const auto number = promql::parse_number(*text)) return *number;
    return failure("cannot read " + promql::quoted(*text) + " as a number");
  }
  return failure("can't convert " + std::string(type_name(value)) + " to float");
}

}  // namespace pgvigil::rules::templates
