#include "rules/promql/error.h"

#include <algorithm>

namespace pgvigil::promql {
namespace {

struct Place {
  std::size_t line;
  std::size_t column;
};

Place place_of(std::string_view query, std::size_t position) {
  std::string_view before = query.substr(0, std::min(position, query.size()));
  std::size_t line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  std::size_t line_break = before.rfind('\n');
  std::size_t line_begin = line_break == std::string_view::npos ? 0 : line_break + 1;
  return {line, before.size() - line_begin + 1};
}

ErrorKind house_kind(Fault fault) {
  switch (fault) {
    case Fault::parse:
    case Fault::unsupported:
      return ErrorKind::configuration;
    case Fault::evaluation:
      return ErrorKind::query;
    case Fault::limit:
      return ErrorKind::limit;
    case Fault::storage:
      return ErrorKind::internal;
  }
  return ErrorKind::internal;
}

}  // namespace

std::string to_string(const Error& error) {
  if (error.line == 0) return error.message;
  std::string place = std::to_string(error.line) + ":" + std::to_string(error.column) + ": ";
  return place + (error.fault == Fault::parse ? "parse error: " : "") + error.message;
}

pgvigil::Error to_house_error(const Error& error) {
  return {house_kind(error.fault), to_string(error), {}};
}

std::string position_text(std::string_view query, std::size_t position) {
  Place place = place_of(query, position);
  return std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::unexpected<Error> failure(Fault fault, std::string message) {
  return std::unexpected(Error{fault, std::move(message), {}, 0, 0});
}

std::unexpected<Error> failure_at(Fault fault, std::string message, std::string_view query, Span span) {
  Place place = place_of(query, span.begin);
  return std::unexpected(Error{fault, std::move(message), span, place.line, place.column});
}

}  // namespace pgvigil::promql
