#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgvigil::agent {

/// The labels of pgvigil's metrics about itself. No label of the configuration may have one of these names:
/// it would stand twice in a series.
enum class OwnLabel : std::uint8_t {
  alertname,
  alertstate,
  code,
  collector,
  compiler,
  handler,
  kind,
  reason,
  receiver,
  result,
  role,
  severity,
  state,
  system_identifier,
  version,
};

/// Their names, in the order of the enumerators.
inline constexpr std::array<std::string_view, 15> k_own_labels = {
    "alertname", "alertstate", "code", "collector", "compiler", "handler",           "kind",   "reason",
    "receiver",  "result",     "role", "severity",  "state",    "system_identifier", "version"};
static_assert(k_own_labels.size() == static_cast<std::size_t>(OwnLabel::version) + 1);

inline std::string name_of(OwnLabel label) {
  return std::string(k_own_labels.at(static_cast<std::size_t>(label)));
}

}  // namespace pgvigil::agent
