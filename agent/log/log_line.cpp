#include "agent/log/log_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iterator>

#include "collectors/model/utf8.h"

namespace pgvigil::agent {
namespace {

std::string_view word_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

std::string text_of(Timestamp time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::floor<std::chrono::milliseconds>(time - second);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(second)),
                     rest.count());
}

bool is_control(unsigned char c) {
  return c < 0x20 || c == 0x7F;
}

/// U+0080 to U+009F, which some terminals obey, are C2 80 to C2 9F in UTF-8.
bool begins_c1_control(std::string_view text) {
  return text.size() >= 2 && text[0] == '\xC2' && static_cast<unsigned char>(text[1]) < 0xA0;
}

/// `text` as a JSON string (RFC 8259, section 7). logfmt quotes in the same way.
std::string quoted(std::string_view text) {
  std::string line = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += text[i];
    } else if (c == '\n') {
      line += "\\n";
    } else if (c == '\r') {
      line += "\\r";
    } else if (c == '\t') {
      line += "\\t";
    } else if (is_control(c)) {
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", c);
    } else if (begins_c1_control(text.substr(i))) {
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", static_cast<unsigned char>(text[++i]));
    } else {
      line += text[i];
    }
  }
  return line + '"';
}

bool needs_quotes(std::string_view text) {
  return text.empty() || quoted(text).size() != text.size() + 2 ||
         text.find_first_of(" =") != std::string_view::npos;
}

void add(std::string& line, LogFormat format, const LogField& field) {
  const std::string text = is_utf8(field.text()) ? field.text() : repaired_utf8(field.text());
  switch (format) {
    case LogFormat::logfmt:
      if (!line.empty()) line += ' ';
      line += field.key() + '=' + (needs_quotes(text) ? quoted(text) : text);
      return;
    case LogFormat::json:
      line += line.empty() ? '{' : ',';
      line += quoted(field.key()) + ':' + (field.is_literal() ? text : quoted(text));
      return;
  }
}

}  // namespace

void LogField::set_number(double value) {
  if (!std::isfinite(value)) {
    text_ = value > 0 ? "+Inf" : "-Inf";
    if (std::isnan(value)) text_ = "NaN";
    return;
  }
  std::array<char, 32> buffer{};
  const auto [end, fault] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  set_literal(std::string(buffer.data(), end));
}

std::string log_line(
    LogFormat format, Timestamp time, LogLevel level, std::string_view event, const LogFields& fields) {
  std::string line;
  add(line, format, {"time", text_of(time)});
  add(line, format, {"level", word_of(level)});
  add(line, format, {"event", event});
  for (const LogField& field : fields)
    add(line, format, field);
  if (format == LogFormat::json) line += '}';
  return line;
}

}  // namespace pgvigil::agent
