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
  const bool reads = method == Method::get || method == Method::head;
  switch (route.kind) {
    case RouteKind::get:
      return reads;
    case RouteKind::post:
      return method == Method::post;
    case RouteKind::get_and_post:
      return reads || method == Method::post;
    case RouteKind::remove:
      return method == Method::remove;
  }
  return false;
}

Method method_of(std::string_view word) {
  if (word == "POST") return Method::post;
  return word == "DELETE" ? Method::remove : Method::get;
}

/// What stands before the path of a route in the overview.
std::string_view word_of(RouteKind kind) {
  if (kind == RouteKind::post) return "POST ";
  return kind == RouteKind::remove ? "DELETE " : "";
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
    overview_ += "  " + std::string(word_of(route.kind)) + route.path;
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
  return find(target->path, method_of(line.method));
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
  const bool reads = request.method == Method::get || request.method == Method::head;
  if (!reads || knows(request.path)) return {k_other, wrong_method(request.path)};
  return {k_other, {.status = 404, .body = overview_}};
}

bool Router::knows(std::string_view path) const {
  return std::ranges::any_of(routes_,
                             [&](const Route& route) { return captured(route.path, path).has_value(); });
}

Response Router::wrong_method(std::string_view path) const {
  std::string methods;
  for (const auto& [method, words] :
       {std::pair(Method::get, "GET, HEAD"), {Method::post, "POST"}, {Method::remove, "DELETE"}})
    if (find(path, method) != nullptr) methods += (methods.empty() ? "" : ", ") + std::string(words);
  if (methods.empty()) methods = "GET, HEAD";
  return {.status = 405, .body = "this page answers to " + methods + "\n", .headers = {{"Allow", methods}}};
}

}  // namespace pgvigil::agent
