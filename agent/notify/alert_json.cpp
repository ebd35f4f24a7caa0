#include "agent/notify/alert_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/notify/text.h"

namespace pgvigil::agent::notify {
namespace {

using nlohmann::json;

json object_of(const promql::Labels& labels) {
  json object = json::object();
  for (std::size_t i = 0; i < labels.size(); ++i)
    object[std::string(labels[i].name)] = std::string(labels[i].value);
  return object;
}

json object_of(const Annotations& annotations) {
  json object = json::object();
  for (const auto& [name, value] : annotations)
    object[name] = value;
  return object;
}

std::string source_of(const Notification& notification) {
  return notification.external_url.empty() ? "" : notification.external_url + "/";
}

}  // namespace

std::string webhook_json(const Notification& notification, std::size_t max_alerts) {
  const std::size_t shown = std::min(max_alerts, notification.alerts.size());
  json alerts = json::array();
  for (std::size_t i = 0; i < shown; ++i) {
    const Alert& alert = notification.alerts[i];
    alerts.push_back({{"status", alert.fires() ? "firing" : "resolved"},
                      {"labels", object_of(*alert.labels)},
                      {"annotations", object_of(alert.annotations)},
                      {"startsAt", rfc3339(alert.fired_at)},
                      {"endsAt", alert.resolved_at ? rfc3339(*alert.resolved_at) : "0001-01-01T00:00:00Z"},
                      {"generatorURL", source_of(notification)},
                      {"fingerprint", fingerprint(*alert.labels)}});
  }
  return text_of({{"version", "4"},
                  {"groupKey", notification.group},
                  {"truncatedAlerts", notification.alerts.size() - shown},
                  {"status", notification.status()},
                  {"receiver", notification.receiver},
                  {"groupLabels", object_of(*notification.group_labels)},
                  {"commonLabels", object_of(*notification.common_labels())},
                  {"commonAnnotations", object_of(notification.common_annotations())},
                  {"externalURL", notification.external_url},
                  {"alerts", std::move(alerts)}});
}

std::string alertmanager_json(const Notification& notification, std::chrono::milliseconds resolve_timeout) {
  json alerts = json::array();
  for (const Alert& alert : notification.alerts) {
    alerts.push_back({{"labels", object_of(*alert.labels)},
                      {"annotations", object_of(alert.annotations)},
                      {"startsAt", rfc3339(alert.fired_at)},
                      {"endsAt", rfc3339(alert.resolved_at.value_or(notification.now + resolve_timeout))},
                      {"generatorURL", source_of(notification)}});
  }
  return text_of(alerts);
}

HttpRequest json_post(Secret url, const json& body, const Secret& authorization) {
  HttpRequest request{"POST", std::move(url), {{"Content-Type", Secret("application/json; charset=utf-8")}}, text_of(body)};
  if (!authorization.empty()) request.headers.emplace_back("Authorization", authorization);
  return request;
}

std::string text_of(const json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace pgvigil::agent::notify
