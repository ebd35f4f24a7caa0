#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/message.h"

namespace pgvigil::agent {

/// Answers one request. Several threads call it at the same time. What it throws becomes a 500 without text.
using Handler = std::function<Response(const Request&)>;

/// Whether a route is read (GET, and HEAD with it) or acted upon (POST without a body).
enum class RouteKind : std::uint8_t { get, post };

/// A row of the table of routes: an exact path. `help` is a few words for the answer to an unknown path.
struct Route {
  RouteKind kind = RouteKind::get;
  std::string path;
  Handler handler;
  std::string help = {};
};

/// A response, and the route that gave it: its path, or "other" when none did. The number of different names
/// is bounded by the table, whatever clients ask for.
struct Routed {
  std::string_view route;
  Response response;
};

/// Finds the handler of a request: 404 with the list of routes for an unknown path, 405 with Allow for a
/// wrong method, 500 without text for a handler that throws. Constant once built; any thread may use it.
class Router {
 public:
  explicit Router(std::vector<Route> routes);
  Routed answer(const Request& request) const;
  /// The answer to a method that no route has (PUT, DELETE, ...).
  Response wrong_method(std::string_view path) const;

 private:
  std::vector<Route> routes_;
  std::string overview_;
};

}  // namespace pgvigil::agent
