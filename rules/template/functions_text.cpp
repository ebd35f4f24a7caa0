// Functions of text.

#include <algorithm>
#include <array>

#include "rules/promql/regex/regex.h"
#include "rules/promql/text.h"
#include "rules/template/function_library.h"

namespace pgvigil::rules::templates {
namespace {

char upper_letter(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

std::expected<std::string, std::string> text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return failure("expected a string, got " + std::string(type_name(value)));
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

FunctionResult unchanged(Arguments arguments, const TemplateData&) {
  auto text = text_of(arguments[0]);
  if (!text) return failure(text.error());
  return std::move(*text);
}

}  // namespace pgvigil::rules::templates
