// Opsgenie and Jira Service Management, Alert API v2: one alert there for each alert here.

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

constexpr std::string_view k_api = "https://api.opsgenie.com";
constexpr std::size_t k_most_message = 130;
constexpr std::size_t k_most_description = 15'000;
constexpr std::size_t k_most_details = 8'000;

std::string priority_of(const Alert& alert) {
  const int rank = rank_of_severity(alert.severity());
  if (rank <= rank_of_severity("critical")) return "P1";
  if (rank <= rank_of_severity("high")) return "P2";
  return rank <= rank_of_severity("medium") ? "P3" : "P5";
}

std::string evidence_of(const Alert& alert) {
  std::string text;
  for (const auto& evidence : alert.dossier.evidence)
    text += "\n\n" + title_of(*evidence) + "\n" + table_text(*evidence, 3'000);
  return text;
}

std::string description_of(const Alert& alert, const Notification& notification, Detail detail) {
  std::string text = times_of(alert, notification.now);
  if (const std::string line = sparkline(alert.recent); !line.empty()) text += "\n" + line + " last 30 min";
  for (const auto& [name, value] : alert.annotations)
    text += "\n\n" + name + ": " + value;
  if (detail == Detail::full) text += evidence_of(alert);
  return shortened(text, detail == Detail::full ? k_most_description : 1'000);
}

class Opsgenie : public IncidentReceiver {
 public:
  using IncidentReceiver::IncidentReceiver;

 private:
  transport::HttpRequest opening(const Alert& alert,
                                 const Notification& notification,
                                 const Credentials& credentials,
                                 Detail detail) const override {
    json details = json::object();
    std::size_t used = 0;
    for (std::size_t i = 0; i < alert.labels->size() && detail != Detail::plain; ++i) {
      const auto [name, value] = (*alert.labels)[i];
      used += characters(name) + characters(value);
      if (used < k_most_details) details[std::string(name)] = std::string(value);
    }
    return request("/v2/alerts",
                   {{"message", shortened(title_for(alert, notification), k_most_message)},
                    {"alias", key_of(alert)},
                    {"description", description_of(alert, notification, detail)},
                    {"details", std::move(details)},
                    {"priority", priority_of(alert)},
                    {"source", "pgvigil"},
                    {"entity", std::string(alert.labels->get("instance"))}},
                   credentials);
  }

  /// An alert that is made again is counted there, and keeps its text.
  transport::HttpRequest addition(const Alert& alert,
                                  const Notification&,
                                  const Credentials& credentials,
                                  Detail detail) const override {
    const std::size_t most = detail == Detail::full ? k_most_description : 1'000;
    return request("/v2/alerts/" + key_of(alert) + "/notes?identifierType=alias",
                   {{"source", "pgvigil"}, {"note", shortened(evidence_of(alert), most)}}, credentials);
  }

  transport::HttpRequest closing(const Alert& alert,
                                 const Notification& notification,
                                 const Credentials& credentials) const override {
    return request("/v2/alerts/" + key_of(alert) + "/close?identifierType=alias",
                   {{"source", "pgvigil"}, {"note", times_of(alert, notification.now)}}, credentials);
  }

  static transport::HttpRequest request(const std::string& path,
                                        const json& body,
                                        const Credentials& credentials) {
    std::string url = credentials.url.empty() ? std::string(k_api) : credentials.url.reveal();
    while (url.ends_with('/'))
      url.pop_back();
    return json_post(Secret(url + path), body, Secret("GenieKey " + credentials.token.reveal()));
  }
};

ReceiverOptions options() {
  ReceiverOptions all;
  append_secret(
      all, "api_key_file", "api_key_variable", [](R & r) -> auto& { return r.token; },
      "A file that holds the key of an API integration.");
  append_url(all, "Instead of `https://api.opsgenie.com`: `https://api.eu.opsgenie.com`.");
  all.push_back(title_option());
  all.push_back(most_incidents_option());
  return all;
}

}  // namespace

const ReceiverType k_opsgenie{"opsgenie",
                              "Opsgenie, Alert API v2: each alert is one there.",
                              {.per_second = 2, .burst = 10, .each_alert_alone = true},
                              options,
                              [](Section& section, const ReceiverSettings& settings) {
                                if (!settings.token.is_given())
                                  section.report_here("the receiver has no key",
                                                      "Set 'api_key_file' or 'api_key_variable'.");
                              },
                              make_receiver<Opsgenie>};

}  // namespace pgvigil::agent::notify
