#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/api/answer.h"
#include "agent/http/message.h"
#include "collectors/model/unix_time.h"
#include "rules/promql/matcher.h"

namespace pgvigil::agent::api {

/// A time as Prometheus reads it: seconds since 1970 with decimals, or RFC 3339. Unix milliseconds.
std::optional<std::int64_t> parse_time(std::string_view text);

/// A duration as Prometheus reads it: seconds with decimals, or "5m". Milliseconds.
std::optional<std::int64_t> parse_duration(std::string_view text);

/// RFC 3339 in UTC, with milliseconds: "2026-11-27T13:35:54.730Z".
std::string time_text(std::int64_t t_ms);

// Parameters of requests, with errors in Prometheus's words.
Parsed<std::int64_t> required_time(const Request& request, std::string_view name);
Parsed<std::int64_t> optional_time(const Request& request, std::string_view name, std::int64_t otherwise);
Parsed<std::optional<std::int64_t>> optional_duration(const Request& request, std::string_view name);
/// `limit`: how many results are wanted; nothing: all (0 is that, too).
Parsed<std::optional<std::size_t>> limit_of(const Request& request);
/// Every match[], parsed.
Parsed<std::vector<std::vector<promql::Matcher>>> selectors_of(const Request& request);

}  // namespace pgvigil::agent::api
