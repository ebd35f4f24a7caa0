#include "rules/parameters.h"

#include <algorithm>
#include <array>

#include "collectors/model/quantity.h"
#include "rules/promql/duration.h"
#include "rules/promql/number.h"
#include "rules/promql/text.h"

namespace pgvigil::rules {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The word at `position`.
std::string_view word_at(std::string_view text, std::size_t position) {
  std::size_t end = position;
  while (end < text.size() && is_word(text[end]))
    ++end;
  return text.substr(position, end - position);
}

const Parameter* find(std::span<const Parameter> parameters, std::string_view name) {
  const auto found = std::ranges::find(parameters, name, &Parameter::name);
  return found == parameters.end() ? nullptr : &*found;
}

/// Builds a FilledText piece by piece.
class Filler {
 public:
  void copy(std::string_view source, std::size_t begin, std::size_t size) {
    filled_.places.emplace_back(filled_.text.size(), begin);
    filled_.text += source.substr(begin, size);
  }
  void put(std::string_view value, std::size_t source_offset) {
    filled_.places.emplace_back(filled_.text.size(), source_offset);
    filled_.text += value;
  }
  FilledText take() { return std::move(filled_); }
  std::string_view text() const { return filled_.text; }

 private:
  FilledText filled_;
};

/// Whether what follows `before` is a range, a step or an offset.
bool wants_duration(std::string_view before) {
  const std::size_t last = before.find_last_not_of(" \t\r\n");
  if (last == before.npos) return false;
  if (before[last] == '[') return true;
  if (before[last] == ':')
    return before.rfind('[') != before.npos && before.rfind(']') + 1 <= before.rfind('[');
  constexpr std::string_view k_offset = "offset";
  before = before.substr(0, last + 1);
  return before.ends_with(k_offset) &&
         (before.size() == k_offset.size() || !is_word(before[before.size() - k_offset.size() - 1]));
}

/// `text` so that a string in these quotes holds it.
std::string escaped(std::string_view text, char quote) {
  if (quote == '`') return std::string(text);
  std::string result;
  for (char c : text) {
    if (c == '\\' || c == quote) result += '\\';
    result += c;
  }
  return result;
}

}  // namespace

Parameter make_parameter(std::string name, double number) {
  return {std::move(name), promql::format_fixed(number), number, std::nullopt};
}

Parameter make_parameter(std::string name, std::string written) {
  Parameter parameter{std::move(name), std::move(written), std::nullopt, std::nullopt};
  if (const auto duration = parse_duration(parameter.written)) {
    parameter.duration = duration;
    parameter.number = static_cast<double>(duration->count()) / 1000;
  } else if (const auto bytes = parse_bytes(parameter.written)) {
    parameter.number = static_cast<double>(bytes->count);
  }
  return parameter;
}

bool is_parameter_name(std::string_view name) {
  constexpr std::array<std::string_view, 4> k_taken = {"labels", "value", "externalLabels", "externalURL"};
  return !name.empty() && word_at(name, 0) == name && !(name[0] >= '0' && name[0] <= '9') &&
         std::ranges::find(k_taken, name) == k_taken.end();
}

std::size_t FilledText::source_offset(std::size_t offset) const {
  const auto after =
      std::ranges::upper_bound(places, offset, {}, &std::pair<std::size_t, std::size_t>::first);
  if (after == places.begin()) return offset;
  const auto& [begin, source] = *std::prev(after);
  const std::size_t end = after == places.end() ? offset : after->second;
  return std::min(source + (offset - begin), std::max(end, source));
}

std::expected<FilledText, ParameterError> fill_expression(std::string_view expr,
                                                          std::span<const Parameter> parameters) {
  Filler filler;
  char quote = 0;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < expr.size(); ++i) {
    const char c = expr[i];
    if (quote != 0 && c == '\\' && quote != '`') {
      ++i;
    } else if (quote == 0 && c == '#') {
      i = std::min(expr.find('\n', i), expr.size()) - 1;
    } else if (quote == 0 && (c == '"' || c == '\'' || c == '`')) {
      quote = c;
    } else if (quote == c) {
      quote = 0;
    } else if (c == '$') {
      const std::string_view name = word_at(expr, i + 1);
      const Parameter* parameter = find(parameters, name);
      // In a string a $ may be the end of a regular expression.
      if (parameter == nullptr && quote != 0) continue;
      if (parameter == nullptr)
        return std::unexpected(ParameterError{"there is no parameter '" + std::string(name) + "'", i});
      filler.copy(expr, copied, i - copied);
      if (quote != 0) {
        filler.put(escaped(parameter->written, quote), i);
      } else if (wants_duration(expr.substr(0, i))) {
        if (!parameter->duration)
          return std::unexpected(
              ParameterError{"the parameter '" + std::string(name) + "' must be a duration here", i});
        filler.put(promql::format_duration(parameter->duration->count()), i);
      } else if (parameter->number) {
        filler.put(promql::format_fixed(*parameter->number), i);
      } else {
        return std::unexpected(ParameterError{
            "the parameter '" + std::string(name) + "' is a text, which stands only in a string", i});
      }
      copied = i + 1 + name.size();
      i = copied - 1;
    }
  }
  filler.copy(expr, copied, expr.size() - copied);
  return filler.take();
}

FilledText fill_template(std::string_view text, std::span<const Parameter> parameters) {
  Filler filler;
  bool in_action = false;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with(in_action ? "}}" : "{{")) {
      in_action = !in_action;
      ++i;
    } else if (text[i] == '$') {
      const Parameter* parameter = find(parameters, word_at(text, i + 1));
      if (parameter == nullptr) continue;
      filler.copy(text, copied, i - copied);
      if (!in_action)
        filler.put(parameter->written, i);
      else
        filler.put(
            parameter->number ? promql::format_fixed(*parameter->number) : promql::quoted(parameter->written),
            i);
      copied = i + 1 + parameter->name.size();
      i = copied - 1;
    }
  }
  filler.copy(text, copied, text.size() - copied);
  return filler.take();
}

}  // namespace pgvigil::rules
