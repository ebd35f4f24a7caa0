#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "collectors/model/error.h"

namespace pgvigil::agent {

/// Where to listen.
struct Address {
  std::string host;
  int port = 0;

  bool operator==(const Address&) const = default;
};

/// "host:port", ":9187" (every IPv4 address), "[::1]:9187". Port 0 is a free one.
std::expected<Address, Error> parse_address(std::string_view text);

/// The text that parse_address() reads back.
std::string to_string(const Address& address);

}  // namespace pgvigil::agent
