#include "tests/unit/http_client.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

namespace pgvigil::test {
namespace {

constexpr std::chrono::milliseconds k_patience{10'000};

bool ready(int descriptor, short events, std::chrono::milliseconds time) {
  pollfd source{descriptor, events, 0};
  return poll(&source, 1, static_cast<int>(time.count())) > 0;
}

int connected_socket(int port, bool v6) {
  const int descriptor = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in v4_address{};
  v4_address.sin_family = AF_INET;
  v4_address.sin_port = htons(static_cast<std::uint16_t>(port));
  v4_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6_address{};
  v6_address.sin6_family = AF_INET6;
  v6_address.sin6_port = htons(static_cast<std::uint16_t>(port));
  v6_address.sin6_addr = in6addr_loopback;
  const auto* address =
      v6 ? reinterpret_cast<const sockaddr*>(&v6_address) : reinterpret_cast<const sockaddr*>(&v4_address);
  const auto size = static_cast<socklen_t>(v6 ? sizeof v6_address : sizeof v4_address);
  if (connect(descriptor, address, size) == 0) return descriptor;
  const int cause = errno;
  close(descriptor);
  throw std::system_error(cause, std::generic_category(), "connect to port " + std::to_string(port));
}

}  // namespace

RawClient::RawClient(int port, bool v6) : descriptor_(connected_socket(port, v6)) {}

RawClient::RawClient(RawClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      input_(std::move(other.input_)),
      ended_(other.ended_) {}

RawClient::~RawClient() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!ready(descriptor_, POLLOUT, k_patience)) return false;
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::receive() {
  if (ended_ || !ready(descriptor_, POLLIN, k_patience)) return false;
  std::array<char, 65536> buffer;
  const ssize_t count = recv(descriptor_, buffer.data(), buffer.size(), 0);
  if (count <= 0) {
    ended_ = true;
    return false;
  }
  input_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

std::string RawClient::read_all() {
  while (receive()) {
  }
  return std::exchange(input_, {});
}

std::string RawClient::read_response() {
  for (;;) {
    if (const auto end = input_.find("\r\n\r\n"); end != std::string::npos) {
      const auto length = header_of(input_, "Content-Length");
      const std::size_t size = end + 4 + (length.empty() ? 0 : std::stoul(length));
      if (input_.size() >= size) {
        std::string response = input_.substr(0, size);
        input_.erase(0, size);
        return response;
      }
    }
    if (!receive()) return std::exchange(input_, {});
  }
}

bool RawClient::closed_within(std::chrono::milliseconds time) {
  if (!ready(descriptor_, POLLIN, time)) return false;
  char byte = 0;
  return recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

void RawClient::shrink_receive_buffer() {
  const int size = 4096;
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

bool refuses_connections(int port) {
  try {
    const RawClient client(port);
    return false;
  } catch (const std::system_error& error) {
    return error.code() == std::errc::connection_refused;
  }
}

std::string http_get(int port, std::string_view path, std::string_view headers) {
  RawClient client(port);
  client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" +
              std::string(headers) + "\r\n");
  return client.read_all();
}

std::string status_of(std::string_view response) {
  return response.starts_with("HTTP/1.1 ") ? std::string(response.substr(9, 3)) : "";
}

std::string body_of(std::string_view response) {
  const auto end = response.find("\r\n\r\n");
  return end == std::string_view::npos ? "" : std::string(response.substr(end + 4));
}

std::string header_of(std::string_view response, std::string_view name) {
  const std::string line = "\r\n" + std::string(name) + ": ";
  const auto begin = response.substr(0, response.find("\r\n\r\n")).find(line);
  if (begin == std::string_view::npos) return "";
  const auto value = response.substr(begin + line.size());
  return std::string(value.substr(0, value.find("\r\n")));
}

std::size_t resident_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "VmRSS:") {
      std::size_t kilobytes = 0;
      status >> kilobytes;
      return kilobytes;
    }
  return 0;
}

}  // namespace pgvigil::test
