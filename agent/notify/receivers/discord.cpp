// Discord, through a webhook: an embed for each alert.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/notify/message/alert_json.h"
#include "agent/notify/message/text.h"
#include "agent/notify/receivers/answer_json.h"
#include "agent/notify/receivers/message_receiver.h"
#include "agent/notify/receivers/receiver_options.h"
#include "agent/notify/receivers/receivers.h"
#include "rules/promql/number.h"

namespace pgvigil::agent::notify {
namespace {

using nlohmann::json;

constexpr std::size_t k_most_content = 2'000;
constexpr std::size_t k_most_embeds = 10;
constexpr std::size_t k_most_title = 256;
constexpr std::size_t k_most_description = 4'096;
constexpr std::size_t k_most_in_all = 5'800;  // of all embeds; 6,000 are allowed

int colour_of(const Alert& alert) {
  if (!alert.fires()) return 0x2EB67D;
  const int rank = rank_of_severity(alert.severity());
  if (rank <= rank_of_severity("high")) return 0xD00000;
  return rank <= rank_of_severity("medium") ? 0xECB22E : 0x439FE0;
}

/// Names that would ring everybody's bell are shown, not obeyed; allowed_mentions says the same.
std::string calm(std::string_view text) {
  return replaced(text, "@", "@\u200b");
}

std::string description_of(const Notification& notification, std::size_t place, Detail detail) {
  const Alert& alert = notification.alerts[place];
  std::string text = times_of(alert, notification.now);
  if (alert.fires()) text += ", value " + promql::format_general(alert.value);
  if (const std::string line = sparkline(alert.recent); !line.empty()) text += "\n`" + line + "` last 30 min";
  if (const auto description = alert.annotation("description");
      !description.empty() && description != summary_of(alert))
    text += "\n" + calm(description);
  const std::string labels = labels_text(*alert.labels, *notification.common_labels());
  if (!labels.empty()) text += "\n" + calm(shortened(labels, 500));
  if (detail == Detail::full)
    for (const auto& evidence : own_evidence(notification, place))
      text += "\n**" + title_of(*evidence) + "**\n```\n" +
              replaced(table_text(*evidence, 1'200), "```", "'''") + "```";
  return text;
}

class Discord : public MessageReceiver {
 public:
  using MessageReceiver::MessageReceiver;

  std::vector<transport::Request> render(const Notification& notification,
                                         const Credentials& credentials,
                                         Detail detail) const override {
    std::string content = headline(notification);
    if (const std::string delay = delay_of(notification); !delay.empty()) content += "\n" + delay;
    const std::string own = own_body(notification);
    if (!own.empty()) content += "\n" + own;
    json message = {{"allowed_mentions", {{"parse", json::array()}}}};
    if (detail != Detail::plain && own.empty()) {
      std::size_t told = 0;
      message["embeds"] = embeds_of(notification, detail, told);
      if (told < notification.alerts.size())
        content += "\n+ " + std::to_string(notification.alerts.size() - told) + " more";
    }
    message["content"] = shortened(calm(content), k_most_content);
    return {json_post(credentials.url, message)};
  }

  Judgement judge(const transport::Answer& answer) const override {
    Judgement judgement = judge_http(answer);
    // Seconds, with a fraction; the header has them rounded up.
    const json body = json::parse(answer.body, nullptr, false);
    if (const auto seconds = number_at(body, "retry_after");
        seconds && judgement.verdict == Verdict::slow_down && !judgement.retry_after)
      judgement.retry_after =
          std::chrono::milliseconds(static_cast<std::int64_t>(1000 * std::clamp(*seconds, 0.0, 3600.0)));
    return judgement;
  }

 private:
  json embeds_of(const Notification& notification, Detail detail, std::size_t& told) const {
    json embeds = json::array();
    std::size_t left = detail == Detail::full ? k_most_in_all : 1'500;
    const std::size_t most = std::min({settings_.max_alerts, k_most_embeds, notification.alerts.size()});
    for (; told < most && left > 300; ++told) {
      const Alert& alert = notification.alerts[told];
      const std::string title = shortened(calm(summary_of(alert)), k_most_title);
      const std::string description = shortened(description_of(notification, told, detail),
                                                std::min(k_most_description, left - characters(title)));
      left -= std::min(left, characters(title) + characters(description));
      json embed = {{"title", title},
                    {"description", description},
                    {"color", colour_of(alert)},
                    {"timestamp", rfc3339(alert.fired_at)}};
      if (const auto runbook = alert.annotation("runbook_url"); runbook.starts_with("http"))
        embed["url"] = runbook;
      embeds.push_back(std::move(embed));
    }
    return embeds;
  }
};

ReceiverOptions options() {
  return channel_options("The webhook of a channel.");
}

}  // namespace

const ReceiverType k_discord{
    "discord",   "Discord, through a webhook.", {.per_second = 2, .burst = 4}, options,
    require_url, make_receiver<Discord>};

}  // namespace pgvigil::agent::notify
