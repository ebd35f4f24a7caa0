#pragma once

#include <poll.h>

#include <functional>
#include <memory>
#include <vector>

#include "agent/http/close_reason.h"
#include "agent/http/connection.h"
#include "agent/http/limits.h"
#include "agent/http/listener.h"

namespace pgvigil::agent {

/// Holds the sockets of all clients and waits for them together, in one thread. Bounded: when every place is
/// taken, the client that has waited longest without a complete request gives way to a new one, and when
/// there is none such, the new one is closed at once.
class ConnectionLoop {
 public:
  /// Receives a connection whose request is complete. Somebody, on any thread, sends a reply and then hands
  /// it back.
  using RequestHandler = std::function<void(std::unique_ptr<Connection>)>;
  using CloseHandler = std::function<void(CloseReason)>;

  /// `listener` and `limits` must outlive it. Without `room` no body is read.
  ConnectionLoop(const Listener& listener,
                 const HttpLimits& limits,
                 RequestHandler on_request,
                 CloseHandler on_close,
                 BodyRoom room = {});

  /// Waits until something happens, `wake` is readable, or `until`; then does what there is to do. `wake` is
  /// not read.
  void wait(int wake, Deadline until);
  /// A connection that the handler of requests had.
  void take_back(std::unique_ptr<Connection> connection, Deadline now);
  /// Whether new clients are taken in; those who come meanwhile wait in the kernel's queue.
  void accept_clients(bool yes) { accepting_ = yes; }
  /// Closes every connection on which no response is due.
  void close_waiting();
  /// Connections on which a response is due.
  bool busy() const;

 private:
  int timeout(Deadline until, Deadline now) const;
  void accept_all(Deadline now);
  bool make_room(Deadline now);
  void settle(Deadline now);

  const Listener& listener_;
  const HttpLimits& limits_;
  RequestHandler on_request_;
  CloseHandler on_close_;
  BodyRoom room_;
  bool accepting_ = true;
  Deadline accept_again_{};                               ///< set back when descriptors have run out
  std::vector<std::unique_ptr<Connection>> connections_;  ///< those that nobody else has
  std::size_t handed_out_ = 0;
  std::vector<pollfd> polled_;
};

}  // namespace pgvigil::agent
