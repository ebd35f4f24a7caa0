#include "agent/config/address.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

namespace pgvigil::agent {
namespace {

constexpr int k_last_port = 65'535;

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, fault] = std::from_chars(text.data(), end, port);
  if (fault != std::errc{} || stopped != end || port < 0 || port > k_last_port) return std::nullopt;
  return port;
}

bool is_host(std::string_view text) {
  const auto may_stand = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  return !text.empty() && std::ranges::all_of(text, may_stand);
}

/// An IPv6 address with its zone, as far as its characters tell; the bind says the rest.
bool is_bracketed_host(std::string_view text) {
  return !text.empty() && text.contains(':') && text.find_first_of("[] /") == std::string_view::npos;
}

}  // namespace

std::expected<Address, Error> parse_address(std::string_view text) {
  const auto refuse = [&] {
    return std::unexpected(Error{ErrorKind::configuration, "bad address '" + std::string(text) + "'",
                                 "Write host:port, as \"127.0.0.1:9187\", \":9187\" or \"[::]:9187\"."});
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  const auto port = parse_port(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (!port) return refuse();
  if (host.empty()) return Address{"0.0.0.0", *port};
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!is_bracketed_host(host)) return refuse();
  } else if (!is_host(host)) {
    return refuse();
  }
  return Address{std::string(host), *port};
}

std::string to_string(const Address& address) {
  const std::string host = address.host.contains(':') ? "[" + address.host + "]" : address.host;
  return host + ":" + std::to_string(address.port);
}

}  // namespace pgvigil::agent
