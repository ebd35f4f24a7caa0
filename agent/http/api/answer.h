#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "agent/http/api/json_writer.h"
#include "agent/http/message.h"
#include "rules/promql/error.h"

namespace pgvigil::agent::api {

/// Prometheus's words for what went wrong: bad_data (400), execution (422), canceled and timeout (503),
/// internal (500), not_found (404).
enum class ErrorType : std::uint8_t { bad_data, execution, canceled, timeout, internal, not_found };

struct ApiError {
  ErrorType type = ErrorType::bad_data;
  std::string message;
};

template <typename T>
using Parsed = std::expected<T, ApiError>;

/// A bad_data error in Prometheus's words: `invalid parameter "time": ...`.
std::unexpected<ApiError> invalid_parameter(std::string_view name, std::string_view why);

/// What a query's author should know beside the data.
struct Notes {
  std::vector<std::string> warnings = {};
  std::vector<std::string> infos = {};
};
inline constexpr std::string_view k_truncated = "results truncated due to limit";

/// {"status":"error","errorType":...,"error":...}
Response error_answer(const ApiError& error);

/// {"status":"success","data":...} with what `write_data` writes; an execution error when that is more than
/// `max_response` bytes.
Response answer(std::size_t max_response,
                const std::function<void(JsonWriter&)>& write_data,
                const Notes& notes = {});

/// A short answer, whose size is not in the hands of who asks.
Response answer(const std::function<void(JsonWriter&)>& write_data);

}  // namespace pgvigil::agent::api
