#include "agent/routes/notify_routes.h"

#include <nlohmann/json.hpp>

#include "agent/http/pages/notify_page.h"
#include "agent/http/pages/notify_view.h"
#include "agent/http/pages/page.h"
#include "agent/notify/message/alert_json.h"
#include "agent/notify/notifier.h"
#include "agent/runtime/agent.h"
#include "agent/version.h"

namespace pgvigil::agent {
namespace {

using nlohmann::json;

Response answer(const json& value) {
  return {.content_type = "application/json",
          .body = value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"};
}

NotifyView view_of(const Agent& agent) {
  return notify_view(agent.notifier(), k_version, std::chrono::system_clock::now());
}

Response evidence(Agent& agent) {
  const auto* notifier = agent.notifier();
  json looks = json::array();
  json alerts = json::object();
  if (notifier != nullptr) {
    const auto all = notifier->alerts();
    looks = notify::looks_json(all);
    for (const notify::Alert& alert : all) {
      if (!alert.fires() || alert.dossier.evidence.empty()) continue;
      json labels = json::object();
      for (std::size_t i = 0; i < alert.labels->size(); ++i)
        labels[std::string((*alert.labels)[i].name)] = (*alert.labels)[i].value;
      alerts[notify::fingerprint(*alert.labels)] = std::move(labels);
    }
  }
  return answer(
      {{"status", "success"}, {"data", {{"evidence", std::move(looks)}, {"alerts", std::move(alerts)}}}});
}

}  // namespace

std::vector<Route> notify_routes(Agent& agent) {
  // In a storm of thousands of alerts they take their time.
  return {
      {RouteKind::get,
       "/notifications",
       [&](const Request&) { return page_response(notify_html(view_of(agent))); },
       "who was told of what, for people",
       {},
       Lane::slow},
      {RouteKind::get,
       "/api/v1/notifications",
       [&](const Request&) -> Response {
         return {.content_type = "application/json", .body = notify_json(view_of(agent))};
       },
       "why somebody was told, or not",
       {},
       Lane::slow},
      {RouteKind::get, "/api/v1/evidence", [&](const Request&) { return evidence(agent); },
       "what was seen when alerts fired"},
  };
}

}  // namespace pgvigil::agent
