#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "agent/log/settings.h"
#include "collectors/model/units.h"

namespace pgvigil::agent {

/// What a field can hold: text, numbers and booleans. A Secret is none of these.
template <typename T>
concept Loggable = std::convertible_to<const T&, std::string_view> || std::floating_point<T> ||
    (std::integral<T> && !std::same_as<T, char>);

/// A key and its value.
class LogField {
 public:
  template <Loggable T>
  LogField(std::string_view key, const T& value) : key_(key) {
    if constexpr (std::convertible_to<const T&, std::string_view>)
      text_ = std::string_view(value);
    else if constexpr (std::same_as<T, bool>)
      set_literal(value ? "true" : "false");
    else if constexpr (std::floating_point<T>)
      set_number(value);
    else
      set_literal(std::to_string(value));
  }

  const std::string& key() const { return key_; }
  const std::string& text() const { return text_; }
  /// Whether the text is a number or a boolean, which JSON has without quotes.
  bool is_literal() const { return is_literal_; }

 private:
  void set_literal(std::string text) {
    text_ = std::move(text);
    is_literal_ = true;
  }
  void set_number(double value);

  std::string key_;
  std::string text_;
  bool is_literal_ = false;
};

using LogFields = std::vector<LogField>;

/// One event as a line, without its end: logfmt, or a JSON object. The time is UTC with milliseconds (RFC
/// 3339). Control characters are escaped and invalid UTF-8 is replaced, so that no text can begin a line of
/// its own or speak to a terminal.
std::string log_line(
    LogFormat format, Timestamp time, LogLevel level, std::string_view event, const LogFields& fields);

}  // namespace pgvigil::agent
