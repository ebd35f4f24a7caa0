#include "agent/notify/message/alert_json.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/notify/message/evidence_text.h"
#include "agent/notify/message/text.h"

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

/// Bytes of evidence that all alerts for an Alertmanager take together, and one of them.
constexpr std::size_t k_most_annotations = 500'000;
constexpr std::size_t k_most_annotation = 8'000;

/// The annotations, and the evidence as one of them, as long as it fits.
json annotations_of(const Alert& alert, std::size_t& left) {
  json annotations = object_of(alert.annotations);
  if (!alert.fires()) return annotations;
  std::string text;
  for (const auto& evidence : alert.dossier.evidence)
    text += (text.empty() ? "" : "\n") + title_of(*evidence) + "\n" +
            table_text(*evidence, k_most_annotation / 2, 160);
  text = shortened_bytes(text, k_most_annotation);
  if (text.empty() || text.size() > left) return annotations;
  left -= text.size();
  annotations["evidence"] = std::move(text);
  return annotations;
}

}  // namespace

std::string webhook_json(const Notification& notification, std::size_t max_alerts, bool with_evidence) {
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
  json message = {{"version", "4"},
                  {"groupKey", notification.group},
                  {"truncatedAlerts", notification.alerts.size() - shown},
                  {"status", notification.status()},
                  {"receiver", notification.receiver},
                  {"groupLabels", object_of(*notification.group_labels)},
                  {"commonLabels", object_of(*notification.common_labels())},
                  {"commonAnnotations", object_of(notification.common_annotations())},
                  {"externalURL", notification.external_url},
                  {"alerts", std::move(alerts)}};
  if (json evidence = looks_json(std::span(notification.alerts).first(shown));
      with_evidence && !evidence.empty())
    message["evidence"] = std::move(evidence);
  return text_of(message);
}

std::string alertmanager_json(const Notification& notification,
                              std::chrono::milliseconds resolve_timeout,
                              bool with_evidence) {
  json alerts = json::array();
  std::size_t left = with_evidence ? k_most_annotations : 0;
  for (const Alert& alert : notification.alerts) {
    alerts.push_back({{"labels", object_of(*alert.labels)},
                      {"annotations", annotations_of(alert, left)},
                      {"startsAt", rfc3339(alert.fired_at)},
                      {"endsAt", rfc3339(alert.resolved_at.value_or(notification.now + resolve_timeout))},
                      {"generatorURL", source_of(notification)}});
  }
  return text_of(alerts);
}

json looks_json(std::span<const Alert> alerts) {
  json list = json::array();
  std::map<std::string, std::size_t> places;  // in the list, by the look's id
  for (const Alert& alert : alerts) {
    if (!alert.fires()) continue;
    for (const auto& evidence : alert.dossier.evidence) {
      const auto [known, is_new] = places.emplace(evidence->id, list.size());
      if (is_new) {
        json one = json::parse(evidence_json(evidence->seen));
        if (!evidence->server.empty()) one["server"] = evidence->server;
        if (!evidence->trouble.empty()) one["trouble"] = evidence->trouble;
        one["alerts"] = json::array();
        list.push_back(std::move(one));
      }
      list[known->second]["alerts"].push_back(fingerprint(*alert.labels));
    }
  }
  return list;
}

transport::HttpRequest json_post(Secret url, const json& body, const Secret& authorization) {
  transport::HttpRequest request{
      "POST", std::move(url), {{"Content-Type", Secret("application/json; charset=utf-8")}}, text_of(body)};
  if (!authorization.empty()) request.headers.emplace_back("Authorization", authorization);
  return request;
}

std::string text_of(const json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace pgvigil::agent::notify
