#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/close_reason.h"
#include "agent/http/limits.h"
#include "agent/http/message.h"
#include "agent/http/router.h"
#include "collectors/model/error.h"

namespace pgvigil::agent {

/// What the server tells about its work. Called from its threads; both must be quick and may be empty.
struct HttpObserver {
  /// A request was answered. `route` is a path of the table or "other"; `seconds` run from the complete
  /// request until the response was handed to the kernel, or as much of it as the client takes at once.
  std::function<void(std::string_view route, int status, double seconds)> answered;
  std::function<void(CloseReason reason)> closed;
};

/// The HTTP server. One thread owns every socket, waits for all of them together and reads requests into
/// bounded buffers; only a complete request reaches one of the few threads that run handlers, and a response
/// that the client does not take at once goes back to the first thread. So a client, however slow or silent,
/// holds a buffer but never a thread. Handlers that may take long (Lane::slow) have threads of their own, so
/// that they never keep the others waiting. Connections are kept alive between requests; when all are taken,
/// the one that has waited longest gives way. Nothing of a request is ever echoed.
class Server {
 public:
  /// Binds `host` (name or address; empty, "*" or "::" for all of both families, "0.0.0.0" for all of IPv4)
  /// and `port` (0: any free one). Clients may connect from then on and are answered after start().
  static std::expected<std::unique_ptr<Server>, Error> bind(const std::string& host,
                                                            int port,
                                                            HttpLimits limits = {});
  /// Takes over a socket that listens already; it is closed, but never shut down, since another process may
  /// hold it too.
  static std::expected<std::unique_ptr<Server>, Error> adopt(int descriptor, HttpLimits limits = {});
  ~Server();

  /// Begins to answer. Call it once.
  void start(std::vector<Route> routes, HttpObserver observer = {});
  /// Ends within a moment: waiting clients are closed at once, responses under way get a quarter of a second.
  /// It waits for handlers that run. May be called again, and without a start().
  void stop();

  int port() const;

 private:
  class Implementation;
  explicit Server(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pgvigil::agent
