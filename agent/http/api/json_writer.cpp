#include "agent/http/api/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <memory>

#include "rules/promql/number.h"
#include "rules/promql/text.h"

namespace pgvigil::agent::api {
namespace {

constexpr std::size_t k_piece = 64 * 1024;

/// Seconds with three decimals, or none where they are whole: "1795786555.590", "-0.500".
std::string seconds_text(std::int64_t t_ms) {
  std::string text = t_ms < 0 ? "-" : "";
  const std::uint64_t size = t_ms < 0 ? -static_cast<std::uint64_t>(t_ms) : static_cast<std::uint64_t>(t_ms);
  text += std::to_string(size / 1000);
  if (size % 1000 != 0) text += "." + std::to_string(1000 + size % 1000).substr(1);
  return text;
}

/// Go's FormatFloat with 'f', or 'e' for what is below 1e-6 or from 1e21 on: Prometheus's util/jsonutil.
std::string value_text(double value) {
  const double size = std::abs(value);
  if (!std::isfinite(value) || size == 0 || (size >= 1e-6 && size < 1e21)) return promql::format_fixed(value);
  std::array<char, 64> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr;
  return {buffer.data(), end};
}

/// The two-character escape of a control character, or nothing.
std::string_view short_escape(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return {};
  }
}

}  // namespace

void JsonWriter::append(std::string_view text) {
  written_ += text.size();
  if (too_large()) return;
  if (piece_.capacity() < k_piece) piece_.reserve(k_piece + 1024);
  piece_ += text;
  if (piece_.size() < k_piece) return;
  pieces_.push_back(std::make_shared<const std::string>(std::move(piece_)));
  piece_ = {};
}

void JsonWriter::comma() {
  if (comma_due_) append(",");
  comma_due_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  comma();
  append({&bracket, 1});
  comma_due_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  append({&bracket, 1});
  comma_due_ = true;
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view text) {
  comma();
  append(text);
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  comma();
  quote(name);
  append(":");
  comma_due_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view value) {
  comma();
  quote(value);
  return *this;
}

void JsonWriter::quote(std::string_view text) {
  constexpr std::string_view k_hex = "0123456789abcdef";
  append("\"");
  std::size_t plain = 0;  // where the text begins that needs no escape
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const auto character =
        byte < 0x80 ? promql::DecodedCharacter{byte, 1, true} : promql::decode_utf8(text, at);
    const bool is_plain = character.well_formed && byte >= 0x20 && byte != '"' && byte != '\\';
    if (is_plain) {
      at += character.width;
      continue;
    }
    append(text.substr(plain, at - plain));
    if (!character.well_formed) {
      append("\xEF\xBF\xBD");
    } else if (const std::string_view escape = short_escape(text[at]); !escape.empty()) {
      append(escape);
    } else {
      append("\\u00");
      append(k_hex.substr(byte >> 4, 1));
      append(k_hex.substr(byte & 15, 1));
    }
    at += character.width;
    plain = at;
  }
  append(text.substr(plain));
  append("\"");
}

JsonWriter& JsonWriter::number(double value) {
  return std::isfinite(value) ? raw(value_text(value)) : null();
}

JsonWriter& JsonWriter::labels(const promql::Labels& labels) {
  begin_object();
  for (std::size_t i = 0; i < labels.size(); ++i)
    key(labels[i].name).string(labels[i].value);
  return end_object();
}

JsonWriter& JsonWriter::timed(std::int64_t t_ms, std::string_view quoted) {
  comma();
  append("[" + seconds_text(t_ms) + ",");
  append(quoted);
  append("]");
  return *this;
}

JsonWriter& JsonWriter::sample(promql::Point point) {
  return timed(point.t_ms, "\"" + value_text(point.v) + "\"");
}

JsonWriter& JsonWriter::scalar(promql::Point point) {
  return timed(point.t_ms, "\"" + promql::format_fixed(point.v) + "\"");
}

JsonWriter& JsonWriter::timed_string(std::int64_t t_ms, std::string_view text) {
  begin_array();
  raw(seconds_text(t_ms));
  string(text);
  return end_array();
}

Body JsonWriter::take_body() {
  if (!piece_.empty()) pieces_.push_back(std::make_shared<const std::string>(std::move(piece_)));
  piece_ = {};
  return std::move(pieces_);
}

}  // namespace pgvigil::agent::api
