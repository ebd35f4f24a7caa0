#include "collectors/backups/files/json_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "collectors/model/instant.h"
#include "collectors/model/utf8.h"

namespace pgvigil::backups {
namespace {

constexpr std::string_view k_replacement = "\xEF\xBF\xBD";

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  int value = 0;
  const auto [end, fault] = std::from_chars(text.data() + at, text.data() + at + count, value);
  if (fault != std::errc{} || end != text.data() + at + count) return std::nullopt;
  return value;
}

/// "Z", "+00:00", "+0000": seconds to take away.
std::optional<int> zone_seconds(std::string_view zone) {
  if (zone == "Z" || zone == "z") return 0;
  if (zone.size() < 5 || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
  const auto hours = digits(zone, 1, 2);
  const auto minutes = digits(zone, zone[3] == ':' ? 4 : 3, 2);
  if (!hours || !minutes) return std::nullopt;
  return (zone[0] == '-' ? -1 : 1) * (*hours * 3600 + *minutes * 60);
}

}  // namespace

JsonText repaired(std::string_view text) {
  JsonText result;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && in_string && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) >= 0x20) {
      result.text += c;
      result.text += text[++i];
      continue;
    }
    if (c == '"') in_string = !in_string;
    const bool is_control = static_cast<unsigned char>(c) < 0x20;
    const bool is_space = c == '\n' || c == '\r' || c == '\t';
    if (is_control && (in_string || !is_space)) {
      result.text += k_replacement;
      result.repaired = true;
    } else {
      result.text += c;
    }
  }
  if (!is_utf8(result.text)) {
    result.text = repaired_utf8(result.text);
    result.repaired = true;
  }
  return result;
}

const Json* find(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(std::string(key));
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> text_at(const Json& object, std::string_view key) {
  const Json* value = find(object, key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

std::optional<std::uint64_t> number_at(const Json& object, std::string_view key) {
  const Json* value = find(object, key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned()) return value->get<std::uint64_t>();
  if (value->is_number_float() && value->get<double>() >= 0 && value->get<double>() < 9e15)
    return static_cast<std::uint64_t>(value->get<double>());
  if (!value->is_string()) return std::nullopt;
  const auto& text = value->get_ref<const std::string&>();
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<bool> bool_at(const Json& object, std::string_view key) {
  const Json* value = find(object, key);
  if (value == nullptr || !value->is_boolean()) return std::nullopt;
  return value->get<bool>();
}

std::optional<Timestamp> epoch_at(const Json& object, std::string_view key) {
  const auto seconds = number_at(object, key);
  // Beyond the year 9999 it is no time.
  if (!seconds || *seconds > 253'402'300'799) return std::nullopt;
  return timestamp_of(static_cast<std::int64_t>(*seconds));
}

std::optional<Timestamp> time_at(const Json& object, std::string_view key) {
  const auto text = text_at(object, key);
  return text ? parse_time(*text) : std::nullopt;
}

std::optional<Timestamp> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto year_number = digits(text, 0, 4), month_number = digits(text, 5, 2),
             day_number = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year_number || !month_number || !day_number || !hour || !minute || !second) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') return std::nullopt;
  const auto date = year{*year_number} / *month_number / *day_number;
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  std::size_t at = 19;
  microseconds fraction{0};
  if (at < text.size() && text[at] == '.') {
    microseconds unit{100'000};
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
      fraction += unit * (text[at] - '0');
  }
  const auto zone = zone_seconds(text.substr(at));
  if (!zone) return std::nullopt;
  return nearest_timestamp(sys_days{date} + hours{*hour} + minutes{*minute} + seconds{*second - *zone} +
                           fraction);
}

std::string time_text(Timestamp time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace pgvigil::backups
