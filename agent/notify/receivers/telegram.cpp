// Telegram, through a bot: HTML, of at most 4,096 characters.

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

constexpr std::string_view k_api = "https://api.telegram.org";
constexpr std::size_t k_most = 4'096;

std::string text_of_alert(const Notification& notification, std::size_t place, Detail detail) {
  const Alert& alert = notification.alerts[place];
  std::string text = std::string(alert.fires() ? "🔴 <b>" : "🟢 <b>") +
                     html_escaped(shortened(summary_of(alert), 400)) + "</b>\n" +
                     times_of(alert, notification.now);
  if (alert.fires()) text += ", value " + promql::format_general(alert.value);
  if (const std::string line = sparkline(alert.recent); !line.empty()) text += "\n<code>" + line + "</code>";
  if (detail != Detail::full) return text;
  if (const auto description = alert.annotation("description");
      !description.empty() && description != summary_of(alert))
    text += "\n" + html_escaped(shortened(description, 500));
  const std::string labels = labels_text(*alert.labels, *notification.common_labels());
  if (!labels.empty()) text += "\n<i>" + html_escaped(shortened(labels, 300)) + "</i>";
  for (const auto& evidence : own_evidence(notification, place))
    text += "\n<b>" + html_escaped(title_of(*evidence)) + "</b>\n<pre>" +
            html_escaped(table_text(*evidence, 1'200, 60)) + "</pre>";
  return text;
}

class Telegram : public MessageReceiver {
 public:
  using MessageReceiver::MessageReceiver;

  std::vector<transport::Request> render(const Notification& notification,
                                         const Credentials& credentials,
                                         Detail detail) const override {
    json message = {{"chat_id", settings_.channel}, {"link_preview_options", {{"is_disabled", true}}}};
    if (!settings_.thread.empty()) message["message_thread_id"] = std::stoll(settings_.thread);
    if (detail == Detail::plain) {
      message["text"] = shortened(head(notification), k_most);
    } else {
      message["parse_mode"] = "HTML";
      message["text"] = html(notification, detail);
    }
    // The end answers the beginning.
    const json root = json::parse(notification.memory, nullptr, false);
    if (root.is_number_integer())
      message["reply_parameters"] = {{"message_id", root}, {"allow_sending_without_reply", true}};
    const std::string api = settings_.server.empty() ? std::string(k_api) : settings_.server;
    return {json_post(Secret(api + "/bot" + credentials.token.reveal() + "/sendMessage"), message)};
  }

  Judgement judge(const transport::Answer& answer) const override {
    Judgement judgement = judge_http(answer);
    const json body = json::parse(answer.body, nullptr, false);
    if (!body.is_object()) return judgement;
    if (judgement.verdict == Verdict::slow_down && body.contains("parameters"))
      if (const auto seconds = number_at(body["parameters"], "retry_after"); seconds && *seconds >= 1)
        judgement.retry_after = std::chrono::seconds(static_cast<int>(std::min(*seconds, 86'400.0)));
    // A chat that is not there, and a message that is not understood, are both 400.
    if (answer.status == 400 && text_at(body, "description").value_or("").contains("chat"))
      judgement.verdict = Verdict::misconfigured;
    return judgement;
  }

  std::string remember(const Notification& notification,
                       std::span<const transport::Answer> answers) const override {
    if (!notification.memory.empty() || answers.empty()) return notification.memory;
    const json body = json::parse(answers.front().body, nullptr, false);
    const json::json_pointer place("/result/message_id");
    return body.contains(place) && body[place].is_number_integer() ? body[place].dump() : "";
  }

 private:
  std::string head(const Notification& notification) const {
    std::string text = headline(notification);
    if (const std::string delay = delay_of(notification); !delay.empty()) text += "\n" + delay;
    return text;
  }

  /// Whole alerts only: a tag that is cut makes Telegram refuse the message.
  std::string html(const Notification& notification, Detail detail) const {
    std::string text = html_escaped(shortened(head(notification), 800));
    if (const std::string own = own_body(notification); !own.empty())
      return text + "\n\n" + shortened(own, k_most - characters(text) - 2);
    std::size_t told = 0;
    for (; told < std::min(settings_.max_alerts, notification.alerts.size()); ++told) {
      std::string next = "\n\n" + text_of_alert(notification, told, detail);
      if (characters(text) + characters(next) > k_most - 100)
        next = "\n\n" + text_of_alert(notification, told, Detail::reduced);
      if (characters(text) + characters(next) > k_most - 100) break;
      text += next;
    }
    if (told < notification.alerts.size())
      text += "\n\n+ " + std::to_string(notification.alerts.size() - told) + " more";
    return text;
  }
};

ReceiverOptions options() {
  ReceiverOptions all;
  append_token(all, "A file that holds the token of the bot.");
  all.push_back(kinds::text<R>(
      "chat", "string", [](R & r) -> auto& { return r.channel; },
      "The id of the chat, or `@name` of a channel.", "required"));
  all.push_back({"topic", "integer", "none",
                 "The topic of the chat that is written to (`message_thread_id`).",
                 [](Section& section, R& receiver) {
                   if (const auto topic = section.integer("topic", 1, INT64_MAX))
                     receiver.thread = std::to_string(*topic);
                 }});
  all.push_back(kinds::text<R>(
      "api", "URL", [](R & r) -> auto& { return r.server; }, "A Bot API server.",
      "\"https://api.telegram.org\""));
  all.push_back(title_option());
  all.push_back(body_option());
  all.push_back(max_alerts_option());
  return all;
}

}  // namespace

const ReceiverType k_telegram{
    "telegram",
    "Telegram, through a bot.",
    {.per_second = 0.33, .burst = 3},  // 20 a minute into a group
    options,
    [](Section& section, const ReceiverSettings& settings) {
      if (!settings.token.is_given())
        section.report_here("the receiver has no token", "Set 'token_file' or 'token_variable'.");
      if (settings.channel.empty())
        section.report_here("'chat' is missing", "Name the chat that the bot writes to.");
    },
    make_receiver<Telegram>};

}  // namespace pgvigil::agent::notify
