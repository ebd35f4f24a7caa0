// Microsoft Teams, through a webhook of Workflows: an Adaptive Card.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/notify/message/alert_json.h"
#include "agent/notify/message/text.h"
#include "agent/notify/receivers/message_receiver.h"
#include "agent/notify/receivers/receiver_options.h"
#include "agent/notify/receivers/receivers.h"
#include "rules/promql/number.h"

namespace pgvigil::agent::notify {
namespace {

using nlohmann::json;

// Teams takes 28 KB, as JSON.
constexpr std::size_t k_most_bytes = 26'000;
constexpr std::size_t k_most_text = 1'500;

json text_block(std::string text) {
  return {{"type", "TextBlock"}, {"text", std::move(text)}, {"wrap", true}};
}

std::string colour_of(const Notification& notification) {
  if (!notification.fires()) return "good";
  const int rank = rank_of_severity(notification.severity());
  if (rank <= rank_of_severity("high")) return "attention";
  return rank <= rank_of_severity("medium") ? "warning" : "accent";
}

json facts_of(const promql::Labels& labels) {
  json facts = json::array();
  for (std::size_t i = 0; i < labels.size() && facts.size() < 15; ++i)
    facts.push_back({{"title", labels[i].name}, {"value", shortened(labels[i].value, 300)}});
  return {{"type", "FactSet"}, {"facts", std::move(facts)}};
}

json code_of(const Evidence& evidence, std::size_t most) {
  json code = text_block(table_text(evidence, most));
  code["fontType"] = "monospace";
  return code;
}

/// What the alerts say, as blocks; `bytes` is what they may take.
void append_alerts(
    json& body, const Notification& notification, std::size_t max_alerts, std::size_t bytes, Detail detail) {
  std::size_t told = 0;
  for (; told < std::min(max_alerts, notification.alerts.size()); ++told) {
    const Alert& alert = notification.alerts[told];
    std::string text = "**" + summary_of(alert) + "**\n\n" + times_of(alert, notification.now);
    if (alert.fires()) text += ", value " + promql::format_general(alert.value);
    if (const std::string line = sparkline(alert.recent); !line.empty()) text += "\n\n" + line;
    if (const auto description = alert.annotation("description");
        !description.empty() && description != summary_of(alert))
      text += "\n\n" + std::string(description);
    json blocks = json::array({text_block(shortened(text, k_most_text))});
    if (detail == Detail::full)
      for (const auto& evidence : own_evidence(notification, told)) {
        blocks.push_back(text_block("**" + title_of(*evidence) + "**"));
        blocks.push_back(code_of(*evidence, 2'000));
      }
    const std::size_t size = text_of(blocks).size();
    if (size > bytes) break;
    bytes -= size;
    for (json& block : blocks)
      body.push_back(std::move(block));
  }
  if (told < notification.alerts.size())
    body.push_back(text_block("+ " + std::to_string(notification.alerts.size() - told) + " more"));
}

class Teams : public MessageReceiver {
 public:
  using MessageReceiver::MessageReceiver;

  std::vector<transport::Request> render(const Notification& notification,
                                         const Credentials& credentials,
                                         Detail detail) const override {
    json body = json::array();
    json head = text_block(shortened(headline(notification), 500));
    head["size"] = "large";
    head["weight"] = "bolder";
    head["color"] = colour_of(notification);
    body.push_back(std::move(head));
    if (const std::string delay = delay_of(notification); !delay.empty()) body.push_back(text_block(delay));
    if (detail != Detail::plain) {
      const std::string own = own_body(notification);
      json facts = facts_of(*notification.common_labels());
      const std::size_t taken = text_of(body).size() + text_of(facts).size() + 2'000;
      const std::size_t left = k_most_bytes - std::min(k_most_bytes, taken);
      if (!own.empty())
        body.push_back(text_block(shortened_bytes(own, left / 2)));
      else
        append_alerts(body, notification, settings_.max_alerts, detail == Detail::full ? left : 3'000,
                      detail);
      body.push_back(std::move(facts));
    }
    json card = {{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
                 {"type", "AdaptiveCard"},
                 {"version", "1.4"},
                 {"msteams", {{"width", "Full"}}},
                 {"body", std::move(body)}};
    append_links(card, notification);
    const json message = {
        {"type", "message"},
        {"attachments", json::array({{{"contentType", "application/vnd.microsoft.card.adaptive"},
                                      {"content", std::move(card)}}})}};
    return {json_post(credentials.url, message)};
  }

 private:
  static void append_links(json& card, const Notification& notification) {
    json actions = json::array();
    const auto add = [&](std::string_view title, std::string_view url) {
      if (url.starts_with("http") && url.size() < 500)
        actions.push_back({{"type", "Action.OpenUrl"}, {"title", title}, {"url", url}});
    };
    if (!notification.alerts.empty()) {
      add("Runbook", notification.alerts.front().annotation("runbook_url"));
      add("Dashboard", notification.alerts.front().annotation("dashboard_url"));
    }
    add("pgvigil", notification.external_url);
    if (!actions.empty()) card["actions"] = std::move(actions);
  }
};

ReceiverOptions options() {
  return channel_options(
      "The webhook of a workflow (`Post to a channel when a webhook request is received`).");
}

}  // namespace

const ReceiverType k_teams{"teams",
                           "Microsoft Teams, through a webhook of Workflows.",
                           {.per_second = 2, .burst = 4},
                           options,
                           require_url,
                           make_receiver<Teams>};

}  // namespace pgvigil::agent::notify
