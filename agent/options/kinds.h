#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "agent/options/option.h"
#include "collectors/model/quantity.h"

/// The kinds of options. `Place` is a function from the target to the member that the option fills; what the
/// member holds in a new target is the documented preset.
namespace pgvigil::agent::kinds {

using std::chrono::milliseconds;

/// In place of a preset that the target itself does not tell.
using Preset = std::optional<std::string_view>;

inline std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

inline std::string shown(bool value) {
  return value ? "true" : "false";
}
inline std::string shown(milliseconds value) {
  return in_quotes(duration_text(value));
}
inline std::string shown(const std::string& value) {
  return in_quotes(value);
}
inline std::string shown(int value) {
  return std::to_string(value);
}
inline std::string shown(double value) {
  std::string text = std::to_string(value);
  return text.substr(0, text.find_last_not_of('0') + 1);
}
inline std::string shown(std::size_t value) {
  return std::to_string(value);
}
inline std::string shown(Bytes value) {
  return in_quotes(bytes_text(value));
}
template <typename T>
std::string shown(const std::optional<T>& value) {
  return value ? shown(*value) : "";
}

/// Sets a member that may be optional.
template <typename Member, typename Value>
void set(Member& member, Value value) {
  member = std::move(value);
}
inline void set(Bytes& member, Bytes value) {
  member = value;
}
inline void set(int& member, std::int64_t value) {
  member = static_cast<int>(value);
}
inline void set(std::size_t& member, std::int64_t value) {
  member = static_cast<std::size_t>(value);
}
inline void set(std::optional<std::size_t>& member, std::int64_t value) {
  member = static_cast<std::size_t>(value);
}

template <typename Target, typename Place>
std::string preset_of(Place place, Preset preset) {
  if (preset) return std::string(*preset);
  Target target{};
  return shown(place(target));
}

template <typename Target, typename Place>
Option<Target> integer(std::string_view key,
                       std::int64_t least,
                       std::int64_t most,
                       Place place,
                       std::string_view meaning,
                       Preset preset = {}) {
  return {key, "integer, " + std::to_string(least) + " to " + std::to_string(most),
          preset_of<Target>(place, preset), meaning, [=](Section& section, Target& target) {
            if (const auto value = section.integer(key, least, most)) set(place(target), *value);
          }};
}

template <typename Target, typename Place>
Option<Target> duration(
    std::string_view key, milliseconds least, Place place, std::string_view meaning, Preset preset = {}) {
  return {key, "duration, at least " + duration_text(least), preset_of<Target>(place, preset), meaning,
          [=](Section& section, Target& target) {
            if (const auto value = section.duration(key, least)) set(place(target), *value);
          }};
}

/// A time, or "off" and 0, which are 0.
template <typename Target, typename Place>
Option<Target> duration_or_off(
    std::string_view key, milliseconds least, Place place, std::string_view meaning, Preset preset = {}) {
  return {key, "duration, at least " + duration_text(least) + ", or \"off\"",
          preset_of<Target>(place, preset), meaning, [=](Section& section, Target& target) {
            const auto text = section.string(key);
            if (!text) return;
            const auto value = *text == "off" ? milliseconds{0} : parse_duration(*text);
            if (value && (*value >= least || *value == milliseconds{0})) return set(place(target), *value);
            section.report(
                key, "'" + std::string(key) + "' must be at least " + duration_text(least) + ", or \"off\"",
                "Write a number and a unit, in quotes: \"15s\".");
          }};
}

/// A size: "16MB".
template <typename Target, typename Place>
Option<Target> bytes(
    std::string_view key, Bytes least, Place place, std::string_view meaning, Preset preset = {}) {
  const std::string rule = "at least " + shown(least);
  return {key, "size, " + rule, preset_of<Target>(place, preset), meaning,
          [=](Section& section, Target& target) {
            const auto value = section.bytes(key);
            if (!value) return;
            if (*value >= least) return set(place(target), *value);
            section.report(key, "'" + std::string(key) + "' must be a size, " + rule,
                           "Write a number and a unit, in quotes: \"16MB\" or \"16MiB\".");
          }};
}

/// A part of one core: 0.01 is 1 %; with more than one core busy it exceeds 1.
template <typename Target, typename Place>
Option<Target> share(std::string_view key, Place place, std::string_view meaning, Preset preset = {}) {
  return {key, "number, 0 to 64", preset_of<Target>(place, preset), meaning,
          [=](Section& section, Target& target) {
            const auto value = section.number(key);
            if (!value) return;
            if (*value >= 0 && *value <= 64) return set(place(target), *value);
            section.report(key, "'" + std::string(key) + "' must be from 0 to 64",
                           "Write 0.01 for 1 % of one core.");
          }};
}

template <typename Target, typename Place>
Option<Target> boolean(std::string_view key, Place place, std::string_view meaning, Preset preset = {}) {
  return {key, "boolean", preset_of<Target>(place, preset), meaning, [=](Section& section, Target& target) {
            if (const auto value = section.boolean(key)) set(place(target), *value);
          }};
}

/// One of `words`, which are in the order of the enumerators.
template <typename Target, std::size_t N, typename Place>
Option<Target> word(std::string_view key,
                    const std::array<std::string_view, N>& words,
                    Place place,
                    std::string_view meaning) {
  using Word = std::remove_cvref_t<decltype(place(std::declval<Target&>()))>;
  std::string type;
  for (std::string_view each : words)
    type += (type.empty() ? "" : ", ") + in_quotes(each);
  Target target{};
  return {key, type, in_quotes(words.at(static_cast<std::size_t>(place(target)))), meaning,
          [=, &words](Section& section, Target& into) {
            if (const auto value = section.choice(key, words))
              place(into) = Word{static_cast<std::underlying_type_t<Word>>(*value)};
          }};
}

/// Text that may not be empty.
template <typename Target, typename Place>
Option<Target> text(
    std::string_view key, std::string type, Place place, std::string_view meaning, std::string_view preset) {
  return {key, std::move(type), std::string(preset), meaning, [=](Section& section, Target& target) {
            auto value = section.string(key);
            if (value && value->empty())
              section.report(key, "'" + std::string(key) + "' is empty", "Leave it out.");
            else if (value)
              set(place(target), std::move(*value));
          }};
}

}  // namespace pgvigil::agent::kinds
