#include "agent/routes/routes.h"

#include <algorithm>
#include <iterator>

#include "agent/http/api/api.h"
#include "agent/http/pages/page.h"
#include "agent/http/pages/status_page.h"
#include "agent/routes/advice_routes.h"
#include "agent/routes/notify_routes.h"
#include "agent/routes/silence_routes.h"
#include "agent/runtime/agent.h"

namespace pgvigil::agent {
namespace {

Response exposition(const Request& request, Format format, ScrapeBody body) {
  return {.content_type = std::string(content_type(format)),
          .body = body.more ? Body(std::move(body.more), body.size) : Body(std::move(body.pieces)),
          .encoding = request.accepts_gzip ? ContentEncoding::gzip : ContentEncoding::identity,
          .headers = {{"Vary", "Accept, Accept-Encoding"}}};
}

Response metrics(Agent& agent, const Request& request) {
  const Format format = negotiate(request.accept);
  auto body = agent.scrape(
      {format, request.accepts_gzip, request.all_parameters("collect[]"), request.all_parameters("target")});
  if (!body) return {.status = 404, .body = body.error().message + ". " + body.error().hint + "\n"};
  return exposition(request, format, std::move(*body));
}

int status_of(ProbeRefusal refusal) {
  switch (refusal) {
    case ProbeRefusal::malformed:
      return 400;
    case ProbeRefusal::forbidden:
      return 403;
    case ProbeRefusal::limit:
    case ProbeRefusal::busy:
      return 503;
  }
  return 503;
}

/// In the form of postgres_exporter's.
Response probe(Agent& agent, const Request& request) {
  const auto target = request.parameter("target");
  if (!target || target->empty())
    return {.status = 400, .body = "target is required: the name of a configured server, or host:port\n"};
  const Format format = negotiate(request.accept);
  auto body = agent.probe(*target, request.parameter("auth_module").value_or(""),
                          {format, request.accepts_gzip, request.all_parameters("collect[]"), {}});
  if (!body) return {.status = status_of(body.error().refusal), .body = body.error().why + "\n"};
  return exposition(request, format, std::move(*body));
}

Response livez(const Agent& agent) {
  if (agent.alive()) return {.body = "alive\n"};
  return {.status = 503, .body = "a thread that collects did not come back by its deadline\n"};
}

Response readyz(const Agent& agent) {
  if (agent.ready()) return {.body = "ready\n"};
  return {
      .status = 503,
      .body = "not every collector of every server has had its first outcome; the page at / tells which\n"};
}

Response reload(Agent& agent) {
  const auto taken = agent.reload();
  if (taken) return {.body = "the configuration is in force\n"};
  std::string text = "the configuration was refused; the one before stays in force\n";
  for (const Diagnostic& mistake : taken.error())
    text += to_string(mistake) + "\n";
  return {.status = 500, .body = std::move(text)};
}

}  // namespace

std::vector<Route> routes_of(Agent& agent) {
  std::vector<Route> routes = {
      {RouteKind::get, "/",
       [&](const Request&) -> Response { return page_response(status_html(agent.status())); },
       "status, for people"},
      {RouteKind::get, "/status",
       [&](const Request&) -> Response {
         return {.content_type = "application/json", .body = status_json(agent.status())};
       },
       "the same as JSON"},
      {RouteKind::get, "/metrics", [&](const Request& request) { return metrics(agent, request); },
       "for Prometheus"},
      {RouteKind::get, "/probe", [&](const Request& request) { return probe(agent, request); },
       "one server, as ?target="},
      {RouteKind::get, "/livez", [&](const Request&) { return livez(agent); }, "whether this process works"},
      {RouteKind::get, "/readyz", [&](const Request&) { return readyz(agent); },
       "whether every collector has run"},
      {RouteKind::get, "/api/v1/advice",
       [&](const Request& request) { return advice_answer(agent, request); }, "what is advised"},
      {RouteKind::post, "/api/v1/advice/dismiss",
       [&](const Request& request) { return dismiss_advice(agent, request); }, "be told of advice no more",
       k_form_body},
      {RouteKind::post, "/-/reload", [&](const Request&) { return reload(agent); },
       "read the configuration again"},
  };
  std::ranges::move(api::routes(agent.api_data()), std::back_inserter(routes));
  std::ranges::move(silence_routes(agent), std::back_inserter(routes));
  std::ranges::move(notify_routes(agent), std::back_inserter(routes));
  return routes;
}

}  // namespace pgvigil::agent
