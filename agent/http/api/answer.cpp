#include "agent/http/api/answer.h"

#include <limits>

#include "rules/promql/text.h"

namespace pgvigil::agent::api {
namespace {

constexpr std::string_view k_json = "application/json";
constexpr std::size_t k_no_limit = std::numeric_limits<std::size_t>::max();

struct ErrorWords {
  std::string_view word;
  int status;
};

ErrorWords words_of(ErrorType type) {
  switch (type) {
    case ErrorType::bad_data:
      return {"bad_data", 400};
    case ErrorType::execution:
      return {"execution", 422};
    case ErrorType::canceled:
      return {"canceled", 503};
    case ErrorType::timeout:
      return {"timeout", 503};
    case ErrorType::internal:
      return {"internal", 500};
    case ErrorType::not_found:
      return {"not_found", 404};
  }
  return {"internal", 500};
}

void write_notes(JsonWriter& json, std::string_view name, const std::vector<std::string>& notes) {
  if (notes.empty()) return;
  json.key(name).begin_array();
  for (const std::string& note : notes)
    json.string(note);
  json.end_array();
}

}  // namespace

std::unexpected<ApiError> invalid_parameter(std::string_view name, std::string_view why) {
  return std::unexpected(
      ApiError{ErrorType::bad_data, "invalid parameter " + promql::quoted(name) + ": " + std::string(why)});
}

Response error_answer(const ApiError& error) {
  const ErrorWords words = words_of(error.type);
  JsonWriter json(k_no_limit);
  json.begin_object().key("status").string("error");
  json.key("errorType").string(words.word).key("error").string(error.message).end_object();
  return {.status = words.status, .content_type = std::string(k_json), .body = json.take_body()};
}

Response answer(std::size_t max_response,
                const std::function<void(JsonWriter&)>& write_data,
                const Notes& notes) {
  JsonWriter json(max_response);
  json.begin_object().key("status").string("success").key("data");
  write_data(json);
  write_notes(json, "warnings", notes.warnings);
  write_notes(json, "infos", notes.infos);
  json.end_object();
  if (json.too_large())
    return error_answer(
        {ErrorType::execution, "the answer is larger than " + std::to_string(max_response) +
                                   " bytes: ask for fewer series, a shorter range or a wider step"});
  return {.content_type = std::string(k_json), .body = json.take_body()};
}

Response answer(const std::function<void(JsonWriter&)>& write_data) {
  return answer(k_no_limit, write_data);
}

}  // namespace pgvigil::agent::api
