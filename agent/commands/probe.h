#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/model/error.h"
#include "collectors/model/units.h"

namespace pgvigil::agent {

/// What `pgvigil probe` asks.
struct ProbeTarget {
  std::string host = "127.0.0.1";
  std::string port = "9187";
  std::string path = "/livez";

  bool operator==(const ProbeTarget&) const = default;
};

/// The target that "PATH" with an optional "host:port", or "http://host:port/path" means. IPv6 addresses
/// stand in brackets. Error `configuration` when it is none of these.
std::expected<ProbeTarget, Error> parse_probe_target(std::string_view place,
                                                     const std::optional<std::string>& address);

/// Asks with GET and returns the status of the response. Errors: `unreachable`, `timed_out`,
/// `connection_lost` when the answer is not HTTP.
std::expected<int, Error> probe(const ProbeTarget& target, Deadline deadline);

}  // namespace pgvigil::agent
