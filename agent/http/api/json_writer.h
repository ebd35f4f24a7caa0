#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/message.h"
#include "rules/promql/labels.h"
#include "rules/promql/value.h"

namespace pgvigil::agent::api {

/// Writes JSON straight into the pieces of a body: a large answer is never copied and never grown. Beyond
/// `most` bytes it writes no more and says so.
class JsonWriter {
 public:
  explicit JsonWriter(std::size_t most) : most_(most) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);
  /// Ill-formed UTF-8 becomes U+FFFD.
  JsonWriter& string(std::string_view value);
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& number(double value);
  JsonWriter& null() { return raw("null"); }

  /// {"name":"value",...}
  JsonWriter& labels(const promql::Labels& labels);
  /// [seconds,"value"] as Prometheus writes a sample: "1.5", "+Inf", "1e-07".
  JsonWriter& sample(promql::Point point);
  /// The same of a scalar, which has no exponent: "0.0000001".
  JsonWriter& scalar(promql::Point point);
  JsonWriter& timed_string(std::int64_t t_ms, std::string_view text);

  bool too_large() const { return written_ > most_; }
  Body take_body();

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& raw(std::string_view text);
  void comma();
  void quote(std::string_view text);
  void append(std::string_view text);
  JsonWriter& timed(std::int64_t t_ms, std::string_view quoted);

  std::size_t most_;
  std::size_t written_ = 0;
  bool comma_due_ = false;
  std::string piece_;
  std::vector<Body::Piece> pieces_;
};

}  // namespace pgvigil::agent::api
