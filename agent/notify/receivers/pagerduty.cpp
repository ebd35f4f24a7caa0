// PagerDuty, Events API v2: one incident an alert, so that each is acknowledged and resolved for itself.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/notify/message/alert_json.h"
#include "agent/notify/message/text.h"
#include "agent/notify/receivers/incident_receiver.h"
#include "agent/notify/receivers/receiver_options.h"
#include "agent/notify/receivers/receivers.h"

namespace pgvigil::agent::notify {
namespace {

using nlohmann::json;

constexpr std::string_view k_events = "https://events.pagerduty.com/v2/enqueue";
constexpr std::size_t k_most_summary = 1024;
constexpr std::size_t k_most_detail = 8'000;  // of one value; an event may have 512 KB

std::string severity_of(const Alert& alert) {
  const std::string_view severity = alert.severity();
  if (severity == "page" || severity == "critical") return "critical";
  if (severity == "error" || severity == "warning" || severity == "info") return std::string(severity);
  return rank_of_severity(severity) <= rank_of_severity("high") ? "error" : "warning";
}

json details_of(const Alert& alert, Timestamp now, Detail detail) {
  json details = json::object();
  if (detail == Detail::plain) return details;
  for (std::size_t i = 0; i < alert.labels->size(); ++i)
    details[std::string((*alert.labels)[i].name)] = shortened((*alert.labels)[i].value, 1'000);
  for (const auto& [name, text] : alert.annotations)
    details["annotation_" + name] = shortened(text, detail == Detail::full ? k_most_detail : 500);
  details["state"] = times_of(alert, now);
  if (const std::string line = sparkline(alert.recent); !line.empty()) details["last_30_min"] = line;
  if (detail == Detail::full)
    for (const auto& evidence : alert.dossier.evidence)
      details["evidence_" + evidence->seen.name + (evidence->server.empty() ? "" : "_" + evidence->server)] =
          title_of(*evidence) + "\n" + table_text(*evidence, k_most_detail);
  return details;
}

class PagerDuty : public IncidentReceiver {
 public:
  using IncidentReceiver::IncidentReceiver;

 private:
  transport::HttpRequest opening(const Alert& alert,
                                 const Notification& notification,
                                 const Credentials& credentials,
                                 Detail detail) const override {
    const std::string_view instance = alert.labels->get("instance");
    json body = event("trigger", alert, credentials);
    body["payload"] = {{"summary", shortened(title_for(alert, notification), k_most_summary)},
                       {"source", instance.empty() ? "pgvigil" : std::string(instance)},
                       {"severity", severity_of(alert)},
                       {"timestamp", rfc3339(alert.fired_at)},
                       {"component", "postgres"},
                       {"class", std::string(alert.name())},
                       {"custom_details", details_of(alert, notification.now, detail)}};
    if (!notification.external_url.empty()) body["client_url"] = notification.external_url;
    body["client"] = "pgvigil";
    if (const auto runbook = alert.annotation("runbook_url"); !runbook.empty())
      body["links"] = json::array({{{"href", runbook}, {"text", "Runbook"}}});
    return json_post(url_of(credentials), body);
  }

  transport::HttpRequest closing(const Alert& alert,
                                 const Notification&,
                                 const Credentials& credentials) const override {
    return json_post(url_of(credentials), event("resolve", alert, credentials));
  }

  static json event(std::string_view action, const Alert& alert, const Credentials& credentials) {
    return {
        {"routing_key", credentials.token.reveal()}, {"event_action", action}, {"dedup_key", key_of(alert)}};
  }

  static Secret url_of(const Credentials& credentials) {
    return credentials.url.empty() ? Secret(std::string(k_events)) : credentials.url;
  }
};

ReceiverOptions options() {
  ReceiverOptions all;
  append_secret(
      all, "routing_key_file", "routing_key_variable", [](R & r) -> auto& { return r.token; },
      "A file that holds the integration key of a service (Events API v2).");
  append_url(all, "Instead of `https://events.pagerduty.com/v2/enqueue`.");
  all.push_back(title_option());
  all.push_back(most_incidents_option());
  return all;
}

}  // namespace

const ReceiverType k_pagerduty{"pagerduty",
                               "PagerDuty, Events API v2: each alert is an incident.",
                               {.per_second = 2, .burst = 10, .each_alert_alone = true},
                               options,
                               [](Section& section, const ReceiverSettings& settings) {
                                 if (!settings.token.is_given())
                                   section.report_here("the receiver has no routing key",
                                                       "Set 'routing_key_file' or 'routing_key_variable'.");
                               },
                               make_receiver<PagerDuty>};

}  // namespace pgvigil::agent::notify
