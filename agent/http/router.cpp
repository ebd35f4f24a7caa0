#include "agent/http/router.h"

#include <algorithm>
#include <exception>

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_other = "other";

bool serves(const Route& route, Method method) {
  return (route.kind == RouteKind::post) == (method == Method::post);
}

/// The methods of the routes, as the Allow header lists them.
std::string allowed(bool read, bool post) {
  if (read && post) return "GET, HEAD, POST";
  return post ? "POST" : "GET, HEAD";
}

Response call(const Handler& handler, const Request& request) {
  // What a handler throws may name files, hosts or users: none of that is for a client.
  try {
    return handler(request);
  } catch (...) {
    return {.status = 500, .body = "internal error\n"};
  }
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  overview_ = "no such page; there are:\n";
  for (const Route& route : routes_) {
    overview_ += "  " + std::string(route.kind == RouteKind::post ? "POST " : "") + route.path;
    if (!route.help.empty()) overview_ += "  " + route.help;
    overview_ += '\n';
  }
}

Routed Router::answer(const Request& request) const {
  const auto found = std::ranges::find_if(routes_, [&](const Route& route) {
    return route.path == request.path && serves(route, request.method);
  });
  if (found != routes_.end()) {
    if (request.announces_body)
      return {found->path, {.status = 413, .body = "requests carry no body here\n"}};
    return {found->path, call(found->handler, request)};
  }
  const bool known = std::ranges::find(routes_, request.path, &Route::path) != routes_.end();
  if (known || request.method == Method::post) return {k_other, wrong_method(request.path)};
  return {k_other, {.status = 404, .body = overview_}};
}

Response Router::wrong_method(std::string_view path) const {
  const auto has = [&](RouteKind kind) {
    return std::ranges::any_of(routes_,
                               [&](const Route& route) { return route.path == path && route.kind == kind; });
  };
  const std::string methods = allowed(has(RouteKind::get), has(RouteKind::post));
  return {.status = 405, .body = "this page answers to " + methods + "\n", .headers = {{"Allow", methods}}};
}

}  // namespace pgvigil::agent
