#pragma once

#include <expected>
#include <string>
#include <utility>

#include "collectors/model/error.h"

namespace pgvigil::agent {

/// A listening TCP socket, non-blocking and closed on exec.
class Listener {
 public:
  /// Binds the first address of `host` that can be; see Server::bind. Errors: `configuration` for a name that
  /// is none or an address that this machine has not, `limit` for an address in use or a port that needs
  /// privileges.
  static std::expected<Listener, Error> bind(const std::string& host, int port);
  /// Takes over a descriptor; `configuration` when it is no listening socket (it is left open then).
  static std::expected<Listener, Error> adopt(int descriptor);

  Listener(Listener&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Listener& operator=(Listener&& other) noexcept;
  ~Listener();

  int descriptor() const { return descriptor_; }
  int port() const;

 private:
  explicit Listener(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace pgvigil::agent
