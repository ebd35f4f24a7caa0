#include "agent/commands/probe.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

#include "agent/commands/commands.h"
#include "collectors/model/quantity.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_usage =
    R"(Asks an address of a running pgvigil, for exec probes in images that have no curl.

usage: pgvigil probe PATH [--address HOST:PORT] [--timeout 2s]
       pgvigil probe http://HOST:PORT/PATH [--timeout 2s]

  --address HOST:PORT  where it listens (127.0.0.1:9187)
  --timeout 2s         for the whole exchange, for example 500ms, 2s, 1m

The exit status is 0 when the answer is a 2xx, else 1 with a line that says why.
)";

constexpr std::string_view k_scheme = "http://";
constexpr std::size_t k_longest_status_line = 1024;

Error not_a_place(std::string_view place, std::string hint) {
  return {ErrorKind::configuration, "'" + std::string(place) + "' is no address to ask", std::move(hint)};
}

/// "host:port", "host", "[v6]:port" or "[v6]" into the target.
bool take_authority(std::string_view authority, ProbeTarget& target) {
  std::string_view host = authority;
  std::string_view port;
  if (const auto colon = authority.rfind(':'); colon != std::string_view::npos && !authority.ends_with(']')) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
    if (port.empty() || port.find_first_not_of("0123456789") != std::string_view::npos) return false;
    target.port = port;
  }
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find_first_of(":[]/ ") != std::string_view::npos) return false;
  // ":9187" is this machine, as it is for those who listen.
  if (!host.empty()) target.host = host;
  return !bracketed || !host.empty();
}

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  int descriptor() const { return descriptor_; }

  /// Waits until the socket is ready for `events`; false when the deadline came first.
  bool wait(short events, Deadline deadline) const {
    pollfd source{descriptor_, events, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Deadline::clock::now());
    return poll(&source, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000))) > 0;
  }

 private:
  int descriptor_;
};

Error unreachable(const std::string& cause) {
  return {ErrorKind::unreachable, cause, ""};
}

std::expected<Socket, Error> connect_to(const addrinfo& address, Deadline deadline) {
  Socket socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol));
  if (connect(socket.descriptor(), address.ai_addr, address.ai_addrlen) == 0) return socket;
  if (errno != EINPROGRESS) return std::unexpected(unreachable(std::strerror(errno)));
  if (!socket.wait(POLLOUT, deadline))
    return std::unexpected(Error{ErrorKind::timed_out, "no connection within the timeout", ""});
  int cause = 0;
  socklen_t size = sizeof cause;
  getsockopt(socket.descriptor(), SOL_SOCKET, SO_ERROR, &cause, &size);
  if (cause != 0) return std::unexpected(unreachable(std::strerror(cause)));
  return socket;
}

std::expected<Socket, Error> connect_to(const ProbeTarget& target, Deadline deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int fault = getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &list); fault != 0)
    return std::unexpected(unreachable(gai_strerror(fault)));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(list, freeaddrinfo);
  Error last = unreachable("no address");
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    auto socket = connect_to(*address, deadline);
    if (socket) return socket;
    last = socket.error();
  }
  return std::unexpected(last);
}

std::expected<void, Error> send_request(const Socket& socket, const ProbeTarget& target, Deadline deadline) {
  const bool v6 = target.host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + target.host + "]" : target.host;
  const std::string request = "GET " + target.path + " HTTP/1.1\r\nHost: " + host + ":" + target.port +
                              "\r\nUser-Agent: pgvigil-probe\r\nConnection: close\r\n\r\n";
  for (std::string_view rest = request; !rest.empty();) {
    if (!socket.wait(POLLOUT, deadline))
      return std::unexpected(Error{ErrorKind::timed_out, "not taken in time", ""});
    const ssize_t sent = send(socket.descriptor(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
      return std::unexpected(Error{ErrorKind::connection_lost, std::strerror(errno), ""});
    rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  }
  return {};
}

std::expected<std::string, Error> read_status_line(const Socket& socket, Deadline deadline) {
  std::string text;
  while (text.find('\n') == std::string::npos) {
    if (!socket.wait(POLLIN, deadline))
      return std::unexpected(Error{ErrorKind::timed_out, "no answer within the timeout", ""});
    std::array<char, 512> buffer;
    const ssize_t count = recv(socket.descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count <= 0 || text.size() > k_longest_status_line)
      return std::unexpected(Error{ErrorKind::connection_lost, "the connection ended without an answer", ""});
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text.substr(0, text.find('\n'));
}

int run(Arguments arguments) {
  const auto address = arguments.option("--address");
  const auto timeout_text = arguments.option("--timeout");
  const auto place = arguments.word();
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("probe", complaint);
  if (!place) return wrong_usage("probe", "which path?");
  const auto target = parse_probe_target(*place, address);
  if (!target) return wrong_usage("probe", target.error().message + ": " + target.error().hint);
  const auto timeout = parse_duration(timeout_text.value_or("2s"));
  if (!timeout) return wrong_usage("probe", "--timeout is a time such as 500ms, 2s or 1m");

  const auto status = probe(*target, Deadline::clock::now() + *timeout);
  if (status && *status >= 200 && *status < 300) return 0;
  fmt::print(stderr, "pgvigil probe: {}:{}{}: {}\n", target->host, target->port, target->path,
             status ? "status " + std::to_string(*status) : status.error().message);
  return 1;
}

}  // namespace

std::expected<ProbeTarget, Error> parse_probe_target(std::string_view place,
                                                     const std::optional<std::string>& address) {
  ProbeTarget target;
  if (place.starts_with("https://"))
    return std::unexpected(not_a_place(place, "Probes speak plain HTTP: http://host:port/path."));
  if (place.starts_with(k_scheme)) {
    if (address) return std::unexpected(not_a_place(place, "A URL names its host: leave --address out."));
    const std::string_view rest = place.substr(k_scheme.size());
    const auto slash = std::min(rest.find('/'), rest.size());
    target.port = "80";
    if (slash == 0 || !take_authority(rest.substr(0, slash), target))
      return std::unexpected(not_a_place(place, "A URL is spelt http://host:port/path."));
    target.path = slash == rest.size() ? "/" : rest.substr(slash);
  } else {
    if (!place.starts_with('/'))
      return std::unexpected(not_a_place(place, "A path begins with '/': /livez."));
    if (address && !take_authority(*address, target))
      return std::unexpected(not_a_place(*address, "An address is spelt host:port, or [v6]:port."));
    target.path = place;
  }
  if (std::ranges::any_of(target.path, [](char c) { return c <= ' ' || c == '\x7f'; }))
    return std::unexpected(not_a_place(place, "A path has neither spaces nor control characters."));
  return target;
}

std::expected<int, Error> probe(const ProbeTarget& target, Deadline deadline) {
  const auto socket = connect_to(target, deadline);
  if (!socket) return std::unexpected(socket.error());
  if (const auto sent = send_request(*socket, target, deadline); !sent) return std::unexpected(sent.error());
  const auto line = read_status_line(*socket, deadline);
  if (!line) return std::unexpected(line.error());
  // "HTTP/1.1 200 OK"
  int status = 0;
  const auto digits = line->find(' ') + 1;
  if (!line->starts_with("HTTP/1.") || digits == 0 || line->size() < digits + 3 ||
      std::from_chars(line->data() + digits, line->data() + digits + 3, status).ec != std::errc{} ||
      status < 100)
    return std::unexpected(Error{ErrorKind::connection_lost, "the answer is not HTTP", ""});
  return status;
}

const Command k_probe_command{"probe", "ask a running pgvigil, for exec probes", k_usage, run};

}  // namespace pgvigil::agent
