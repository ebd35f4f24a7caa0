#include <nlohmann/json.hpp>

#include "agent/http/pages/notify_page.h"
#include "agent/notify/message/text.h"

namespace pgvigil::agent {
namespace {

using nlohmann::json;

json json_of(const std::optional<Timestamp>& at) {
  return at ? json(notify::rfc3339(*at)) : json(nullptr);
}

json json_of(const notify::ReceiverFigures& receiver) {
  return {{"receiver", receiver.receiver},
          {"type", receiver.type},
          {"attempts", receiver.outcomes},
          {"given_up", receiver.given_up},
          {"open", receiver.open},
          {"waiting", receiver.waiting},
          {"oldest_due", json_of(receiver.oldest_due)},
          {"last_delivered", json_of(receiver.last_delivered)},
          {"last_error", receiver.last_error},
          {"last_error_at", json_of(receiver.last_error_at)},
          {"down_since", json_of(receiver.down_since)},
          {"next_attempt", json_of(receiver.next_attempt)},
          {"fallback", receiver.fallback}};
}

json json_of(const notify::AlertStanding& alert) {
  json labels = json::object();
  for (std::size_t i = 0; i < alert.labels->size(); ++i)
    labels[std::string((*alert.labels)[i].name)] = (*alert.labels)[i].value;
  return {{"labels", std::move(labels)},
          {"summary", alert.summary},
          {"fired_at", notify::rfc3339(alert.fired_at)},
          {"resolved_at", json_of(alert.resolved_at)},
          {"told", alert.told},
          {"quiet", alert.quiet}};
}

json json_of(const notify::GroupStanding& group) {
  json alerts = json::array();
  for (const notify::AlertStanding& alert : group.alerts)
    alerts.push_back(json_of(alert));
  return {
      {"receiver", group.receiver}, {"group", group.group},          {"outcome", group.outcome},
      {"reason", group.reason},     {"until", json_of(group.until)}, {"last_sent", json_of(group.last_sent)},
      {"note", group.note},         {"alerts", std::move(alerts)}};
}

json json_of(const notify::DecisionView& decision) {
  return {{"at", notify::rfc3339(decision.at)},
          {"receiver", decision.receiver},
          {"group", decision.group},
          {"about", decision.about},
          {"alerts", decision.alerts},
          {"outcome", decision.outcome},
          {"cause", decision.cause},
          {"reason", decision.reason},
          {"until", json_of(decision.until)}};
}

template <typename T>
json list_of(const std::vector<T>& all) {
  json list = json::array();
  for (const T& one : all)
    list.push_back(json_of(one));
  return list;
}

}  // namespace

std::string notify_json(const NotifyView& view) {
  const json page = {{"status", "success"},
                     {"data",
                      {{"receivers", list_of(view.receivers)},
                       {"groups", list_of(view.groups)},
                       {"decisions", list_of(view.decisions)}}}};
  return page.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace pgvigil::agent
