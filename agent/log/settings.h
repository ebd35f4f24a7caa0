#pragma once

#include <cstdint>

namespace pgvigil::agent {

/// [log]
enum class LogFormat : std::uint8_t { logfmt, json };
enum class LogLevel : std::uint8_t { debug, info, warning, error };
struct LogConfig {
  LogFormat format = LogFormat::logfmt;
  LogLevel level = LogLevel::info;

  bool operator==(const LogConfig&) const = default;
};

}  // namespace pgvigil::agent
