#include "agent/http/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace pgvigil::agent {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

constexpr int k_backlog = 128;

std::string place(const std::string& host, int port) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Error bind_error(const std::string& host, int port, int cause) {
  const std::string what = "cannot listen on " + place(host, port) + ": ";
  switch (cause) {
    case EADDRINUSE:
      return {ErrorKind::limit, what + "the address is in use",
              "Another process listens there, perhaps a postgres_exporter or a second pgvigil ('ss -ltnp' "
              "names it): "
              "stop it, or choose another port with [http] listen or --listen."};
    case EACCES:
      return {ErrorKind::limit, what + "permission denied",
              "Ports below 1024 need privileges: choose a higher one with [http] listen or --listen."};
    case EADDRNOTAVAIL:
      return {ErrorKind::configuration, what + "this machine has no such address",
              "Name an address of this machine, or 0.0.0.0 for all of them."};
    default:
      return {ErrorKind::internal, what + std::strerror(cause), ""};
  }
}

/// A listening socket, or -1 with errno.
int listen_on(const addrinfo& address) {
  const int descriptor =
      socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address.ai_protocol);
  if (descriptor < 0) return -1;
  const int yes = 1;
  const int no = 0;
  // REUSEADDR lets a restart bind over connections in TIME_WAIT. Not REUSEPORT: with it two agents would
  // share the port in silence, and each see half of the scrapes.
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (address.ai_family == AF_INET6) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  if (::bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 && listen(descriptor, k_backlog) == 0)
    return descriptor;
  const int cause = errno;
  close(descriptor);
  errno = cause;
  return -1;
}

}  // namespace

std::expected<Listener, Error> Listener::bind(const std::string& host, int port) {
  const bool everywhere = host.empty() || host == "*" || host == "::" || host == "[::]";
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const std::string bare =
      host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
  const int fault =
      getaddrinfo(everywhere ? nullptr : bare.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (fault != 0)
    return std::unexpected(Error{ErrorKind::configuration,
                                 "cannot listen on " + place(bare, port) + ": " + gai_strerror(fault),
                                 "Name an address of this machine, for example 0.0.0.0 or 127.0.0.1."});
  const Addresses addresses(list);

  // The IPv6 wildcard serves IPv4 as well, so it comes first; where IPv6 is switched off the other one
  // remains.
  int cause = EADDRNOTAVAIL;
  for (const bool v6 : {true, false})
    for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
      if (everywhere ? (address->ai_family == AF_INET6) != v6 : !v6) continue;
      const int descriptor = listen_on(*address);
      if (descriptor >= 0) return Listener(descriptor);
      cause = errno;
    }
  return std::unexpected(bind_error(everywhere ? "*" : bare, port, cause));
}

std::expected<Listener, Error> Listener::adopt(int descriptor) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0)
    return std::unexpected(Error{ErrorKind::configuration,
                                 "descriptor " + std::to_string(descriptor) + " is not a listening socket",
                                 "--listen-fd is for the supervisor: leave it out."});
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  return Listener(descriptor);
}

Listener& Listener::operator=(Listener&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Listener::~Listener() {
  if (descriptor_ >= 0) close(descriptor_);
}

int Listener::port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  // sockaddr is the kernel's own union of address families: this is how it is read.
  if (getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  return 0;
}

}  // namespace pgvigil::agent
