#include "agent/http/router.h"

#include <algorithm>
#include <exception>
#include <optional>

#include "agent/http/request_head.h"
#include "agent/http/request_target.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_other = "other";

bool serves(const Route& route, Method method) {
  return route.kind == RouteKind::get_and_post || (route.kind == RouteKind::post) == (method == Method::post);
}

/// What stands in `path` for the "{name}" of `pattern`, empty when it has none; nothing when they differ.
std::optional<std::string_view> captured(std::string_view pattern, std::string_view path) {
  const auto open = pattern.find('{');
  if (open == std::string_view::npos)
    return pattern == path ? std::optional<std::string_view>("") : std::nullopt;
  const std::string_view before = pattern.substr(0, open);
  const std::string_view after = pattern.substr(pattern.find('}') + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
    return std::nullopt;
  const std::string_view segment = path.substr(before.size(), path.size() - before.size() - after.size());
  return segment.find('/') == std::string_view::npos ? std::optional(segment) : std::nullopt;
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

std::optional<Response> refused_body(const Route& route, const Request& request) {
  if (!request.announces_body) return std::nullopt;
  if (route.body.most == 0 || request.method != Method::post)
    return Response{.status = 413, .body = "requests carry no body here\n"};
  const std::string_view type =
      std::string_view(request.content_type).substr(0, request.content_type.find(';'));
  if (equal_words(type.substr(0, type.find_last_not_of(' ') + 1), route.body.type)) return std::nullopt;
  return Response{.status = 415, .body = "the body must be " + std::string(route.body.type) + "\n"};
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

const Route* Router::find(std::string_view path, Method method) const {
  const auto found = std::ranges::find_if(routes_, [&](const Route& route) {
    return captured(route.path, path).has_value() && serves(route, method);
  });
  return found == routes_.end() ? nullptr : &*found;
}

const Route* Router::find(std::string_view head) const {
  const RequestLine line = request_line(head);
  const auto target = parse_request_target(line.target);
  if (!target) return nullptr;
  return find(target->path, line.method == "POST" ? Method::post : Method::get);
}

std::size_t Router::body_room(std::string_view head) const {
  const Route* route = request_line(head).method == "POST" ? find(head) : nullptr;
  return route == nullptr ? 0 : route->body.most;
}

Lane Router::lane(std::string_view head) const {
  const Route* route = find(head);
  return route == nullptr ? Lane::quick : route->lane;
}

Routed Router::answer(Request request) const {
  if (const Route* route = find(request.path, request.method)) {
    if (auto refusal = refused_body(*route, request)) return {route->path, std::move(*refusal)};
    request.captured = *captured(route->path, request.path);
    return {route->path, call(route->handler, request)};
  }
  const bool known = std::ranges::any_of(
      routes_, [&](const Route& route) { return captured(route.path, request.path).has_value(); });
  if (known || request.method == Method::post) return {k_other, wrong_method(request.path)};
  return {k_other, {.status = 404, .body = overview_}};
}

Response Router::wrong_method(std::string_view path) const {
  const auto has = [&](RouteKind kind) {
    return std::ranges::any_of(routes_, [&](const Route& route) {
      return captured(route.path, path) && (route.kind == kind || route.kind == RouteKind::get_and_post);
    });
  };
  const std::string methods = allowed(has(RouteKind::get), has(RouteKind::post));
  return {.status = 405, .body = "this page answers to " + methods + "\n", .headers = {{"Allow", methods}}};
}

}  // namespace pgvigil::agent
