#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/model/units.h"

namespace pgvigil::backups {

using Json = nlohmann::json;

/// JSON that a tool wrote.
struct JsonText {
  std::string text;
  bool repaired = false;  ///< control bytes or bad UTF-8 were in it
};

/// `text` with every control byte and every ill-formed sequence of UTF-8 replaced: pgBackRest puts the bytes
/// that a wrong cipher key makes into its messages. Line breaks outside of strings stay.
JsonText repaired(std::string_view text);

// What lies at `key` of an object; nothing when it is not there, null or of another type.
const Json* find(const Json& object, std::string_view key);
std::optional<std::string> text_at(const Json& object, std::string_view key);
std::optional<std::uint64_t> number_at(const Json& object,
                                       std::string_view key);  ///< an unsigned integer, also in quotes
std::optional<bool> bool_at(const Json& object, std::string_view key);
/// Seconds since 1970, also in quotes.
std::optional<Timestamp> epoch_at(const Json& object, std::string_view key);
/// RFC 3339, with a zone.
std::optional<Timestamp> time_at(const Json& object, std::string_view key);

/// "2026-11-22T02:00:01.5Z", "2026-11-22 02:00:01+00:00": date, time and zone.
std::optional<Timestamp> parse_time(std::string_view text);
/// "2026-11-22T02:00:01Z"
std::string time_text(Timestamp time);

}  // namespace pgvigil::backups
