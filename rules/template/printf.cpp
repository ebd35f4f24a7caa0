// Go's fmt.Sprintf over the values of a template.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "rules/promql/number.h"
#include "rules/promql/text.h"
#include "rules/template/format.h"

namespace pgvigil::rules::templates {
namespace {

constexpr std::size_t k_most_width = 1000;

struct Verb {
  bool minus = false;
  bool plus = false;
  bool zero = false;
  bool space = false;
  bool sharp = false;
  std::optional<std::size_t> width = {};
  std::optional<std::size_t> precision = {};
  char letter = 0;
};

/// Characters, not bytes: Go pads by them.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(std::string text, const Verb& verb, bool number) {
  if (!verb.width) return text;
  const std::size_t width = width_of(text);
  if (width >= *verb.width) return text;
  const std::size_t missing = *verb.width - width;
  if (verb.minus) return text + std::string(missing, ' ');
  if (!verb.zero) return std::string(missing, ' ') + text;
  const bool sign = number && !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ');
  text.insert(sign ? 1 : 0, missing, '0');
  return text;
}

std::string with_sign(std::string text, const Verb& verb) {
  if (text.starts_with('-') || text.starts_with('+')) return text;
  if (verb.plus) return "+" + text;
  return verb.space ? " " + text : text;
}

/// Go writes at least two digits of an exponent, as C does.
std::string float_text(double value, const Verb& verb) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (!verb.precision && (verb.letter == 'v' || verb.letter == 'g')) return promql::format_general(value);
  const int precision = static_cast<int>(verb.precision.value_or(6));
  std::string text(512, '\0');
  int size = 0;
  switch (verb.letter) {
    case 'e':
      size = std::snprintf(text.data(), text.size(), "%.*e", precision, value);
      break;
    case 'E':
      size = std::snprintf(text.data(), text.size(), "%.*E", precision, value);
      break;
    case 'f':
    case 'F':
      text.resize(400 + k_most_width);
      size = std::snprintf(text.data(), text.size(), "%.*f", precision, value);
      break;
    case 'G':
      size = std::snprintf(text.data(), text.size(), "%.*G", precision, value);
      break;
    default:
      size = std::snprintf(text.data(), text.size(), "%.*g", precision, value);
      break;
  }
  text.resize(std::min(static_cast<std::size_t>(std::max(size, 0)), text.size()));
  return text;
}

std::string integer_text(std::int64_t value, int base, bool upper) {
  char text[72];
  const auto end = std::to_chars(std::begin(text), std::end(text), value, base);
  std::string result(std::begin(text), end.ptr);
  if (upper)
    std::ranges::transform(result, result.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
  return result;
}

std::string mismatch(const Verb& verb, const Value& value) {
  std::string text = "%!" + std::string(1, verb.letter) + "(";
  if (std::holds_alternative<std::monostate>(value)) return text + "<nil>)";
  return text + std::string(type_name(value)) + "=" + printed(value) + ")";
}

std::string formatted_text(std::string text, const Verb& verb) {
  if (verb.letter == 'q') return padded(promql::quoted(text), verb, false);
  if (verb.letter == 'x' || verb.letter == 'X') {
    std::string hex;
    for (char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const std::string digits = integer_text(byte, 16, verb.letter == 'X');
      hex += digits.size() == 1 ? "0" + digits : digits;
    }
    return padded(std::move(hex), verb, false);
  }
  if (verb.precision) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < *verb.precision && bytes < text.size(); ++i)
      bytes += std::max<std::size_t>(promql::decode_utf8(text, bytes).width, 1);
    text.resize(bytes);
  }
  return padded(std::move(text), verb, false);
}

std::string formatted(const Verb& verb, const Value& value) {
  if (verb.letter == 'v' && !std::holds_alternative<double>(value) &&
      !std::holds_alternative<std::int64_t>(value))
    return padded(printed(value), verb, false);
  if (verb.letter == 'T') return padded(std::string(type_name(value)), verb, false);
  if (const auto* number = std::get_if<double>(&value)) {
    if (std::string_view("vgGeEfF").contains(verb.letter)) {
      Verb plain = verb;
      plain.zero = verb.zero && std::isfinite(*number);
      std::string text = float_text(*number, verb);
      if (text == "+Inf" && !verb.plus) return padded("+Inf", plain, true);
      return padded(with_sign(std::move(text), verb), plain, true);
    }
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    const auto whole = [&](int base, bool upper) {
      return padded(with_sign(integer_text(*integer, base, upper), verb), verb, true);
    };
    switch (verb.letter) {
      case 'd':
      case 'v':
        return whole(10, false);
      case 'x':
        return whole(16, false);
      case 'X':
        return whole(16, true);
      case 'o':
        return whole(8, false);
      case 'b':
        return whole(2, false);
      case 'c': {
        std::string text;
        promql::append_utf8(text, static_cast<char32_t>(*integer));
        return padded(std::move(text), verb, false);
      }
      default:
        break;
    }
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    if (std::string_view("sqxX").contains(verb.letter)) return formatted_text(*text, verb);
  } else if (const auto* boolean = std::get_if<bool>(&value)) {
    if (verb.letter == 't') return padded(*boolean ? "true" : "false", verb, false);
  }
  return mismatch(verb, value);
}

std::optional<std::size_t> read_count(std::string_view format, std::size_t& position) {
  std::size_t count = 0;
  bool any = false;
  for (; position < format.size() && format[position] >= '0' && format[position] <= '9'; ++position) {
    count = std::min(count * 10 + static_cast<std::size_t>(format[position] - '0'), k_most_width);
    any = true;
  }
  return any ? std::optional(count) : std::nullopt;
}

Verb read_verb(std::string_view format, std::size_t& position) {
  Verb verb;
  for (; position < format.size(); ++position) {
    switch (format[position]) {
      case '-':
        verb.minus = true;
        continue;
      case '+':
        verb.plus = true;
        continue;
      case '0':
        verb.zero = true;
        continue;
      case ' ':
        verb.space = true;
        continue;
      case '#':
        verb.sharp = true;
        continue;
      default:
        break;
    }
    break;
  }
  verb.width = read_count(format, position);
  if (position < format.size() && format[position] == '.') {
    ++position;
    verb.precision = read_count(format, position).value_or(0);
  }
  if (position < format.size()) verb.letter = format[position++];
  return verb;
}

}  // namespace

std::string go_printf(std::string_view format, std::span<const Value> arguments) {
  std::string result;
  std::size_t next = 0;
  for (std::size_t position = 0; position < format.size();) {
    if (format[position] != '%') {
      result += format[position++];
      continue;
    }
    ++position;
    const Verb verb = read_verb(format, position);
    if (verb.letter == 0) {
      result += "%!(NOVERB)";
    } else if (verb.letter == '%') {
      result += '%';
    } else if (next >= arguments.size()) {
      result += "%!" + std::string(1, verb.letter) + "(MISSING)";
    } else {
      result += formatted(verb, arguments[next++]);
    }
  }
  if (next < arguments.size()) {
    result += "%!(EXTRA ";
    for (std::size_t i = next; i < arguments.size(); ++i) {
      if (i > next) result += ", ";
      const bool nil = std::holds_alternative<std::monostate>(arguments[i]);
      result += nil ? "<nil>" : std::string(type_name(arguments[i])) + "=" + printed(arguments[i]);
    }
    result += ")";
  }
  return result;
}

}  // namespace pgvigil::rules::templates
