#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace pgvigil::agent::notify {

// What a service answered, or a proxy in its stead. It may be anything: what is not there, or is of another
// type than the service documents, is nothing. (json::value() throws at another type.)

inline std::optional<std::string> text_at(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? std::optional(found->get<std::string>())
                                                     : std::nullopt;
}

inline std::optional<double> number_at(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

}  // namespace pgvigil::agent::notify
