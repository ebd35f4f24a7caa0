#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/message.h"

namespace pgvigil::agent {

/// Answers one request. Several threads call it at the same time. What it throws becomes a 500 without text.
using Handler = std::function<Response(const Request&)>;

/// Whether a route is read (GET, and HEAD with it), acted upon (POST), asked in either way, or takes
/// something away (DELETE).
enum class RouteKind : std::uint8_t { get, post, get_and_post, remove };

/// Which threads run a handler: one of those that always have a moment, or one of the few that may be busy
/// for long.
enum class Lane : std::uint8_t { quick, slow };

inline constexpr std::string_view k_form_type = "application/x-www-form-urlencoded";

/// The body that a route takes from a POST.
struct BodyRule {
  std::size_t most = 0;  ///< bytes; 0: none
  std::string_view type = k_form_type;
};
/// Room for queries as people write them.
inline constexpr BodyRule k_form_body{64 * 1024, k_form_type};

/// A row of the table of routes: an exact path, or one with "{name}" in the place of one of its segments.
/// `help` is a few words for the answer to an unknown path.
struct Route {
  RouteKind kind = RouteKind::get;
  std::string path;
  Handler handler;
  std::string help = {};
  BodyRule body = {};
  Lane lane = Lane::quick;
};

/// A response, and the route that gave it: its path, or "other" when none did. The number of different names
/// is bounded by the table, whatever clients ask for.
struct Routed {
  std::string_view route;
  Response response;
};

/// Finds the handler of a request: 404 with the list of routes for an unknown path, 405 with Allow for a
/// wrong method, 413 and 415 for a body that the route does not take, 500 without text for a handler that
/// throws. Constant once built; any thread may use it.
class Router {
 public:
  explicit Router(std::vector<Route> routes);
  Routed answer(Request request) const;
  /// The answer to a method that no route has (PUT, PATCH, ...).
  Response wrong_method(std::string_view path) const;

  /// What is to be known of a request before its body is there: the bytes that this may have, and who will
  /// answer.
  std::size_t body_room(std::string_view head) const;
  Lane lane(std::string_view head) const;

 private:
  const Route* find(std::string_view path, Method method) const;
  bool knows(std::string_view path) const;
  const Route* find(std::string_view head) const;

  std::vector<Route> routes_;
  std::string overview_;
};

}  // namespace pgvigil::agent
