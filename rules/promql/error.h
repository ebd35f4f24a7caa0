#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "collectors/model/error.h"

namespace pgvigil::promql {

/// A stretch of the query text, in bytes: [begin, end).
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;

  bool operator==(const Span&) const = default;
};

enum class Fault : std::uint8_t {
  parse,        ///< the text is no PromQL
  evaluation,   ///< the query and the data do not go together: many-to-many matching, a bad parameter
  limit,        ///< one of Limits was reached
  unsupported,  ///< PromQL that this engine leaves out: native histograms, info()
  storage,      ///< the storage could not answer
};

/// Why a query has no result. The words are Prometheus's own wherever Prometheus has words for it.
struct Error {
  Fault fault = Fault::evaluation;
  std::string message;
  Span span = {};          ///< where in the query; {0, 0} when no place is known
  std::size_t line = 0;    ///< of span.begin, from 1; 0 when no place is known
  std::size_t column = 0;  ///< in bytes, from 1

  bool operator==(const Error&) const = default;
};

template <typename T>
using Expected = std::expected<T, Error>;

/// As Prometheus prints it: "1:5: parse error: unexpected end of input" for a parse error, else the message.
std::string to_string(const Error& error);

/// The error in the form that the rest of the house hands on; the message is that of to_string().
pgvigil::Error to_house_error(const Error& error);

/// "line:column" of byte `position` in `query`, both from 1.
std::string position_text(std::string_view query, std::size_t position);

/// An error without a place.
std::unexpected<Error> failure(Fault fault, std::string message);
/// An error at `span` of `query`.
std::unexpected<Error> failure_at(Fault fault, std::string message, std::string_view query, Span span);

}  // namespace pgvigil::promql
