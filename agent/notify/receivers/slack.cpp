// Slack: through an incoming webhook, or through a bot, which keeps one message a group up to date and
// answers in its thread.

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "agent/notify/message/alert_json.h"
#include "agent/notify/message/text.h"
#include "agent/notify/receivers/answer_json.h"
#include "agent/notify/receivers/message_receiver.h"
#include "agent/notify/receivers/receiver_options.h"
#include "agent/notify/receivers/receivers.h"
#include "agent/notify/receivers/slack_message.h"

namespace pgvigil::agent::notify {
namespace {

using nlohmann::json;

constexpr std::string_view k_api = "https://slack.com/api";

template <std::size_t N>
bool has(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

/// What the Web API says with `ok: false` and HTTP 200.
Verdict verdict_of(std::string_view error) {
  constexpr std::array<std::string_view, 2> k_slow = {"ratelimited", "rate_limited"};
  constexpr std::array<std::string_view, 6> k_again = {"fatal_error",         "internal_error",
                                                       "service_unavailable", "request_timeout",
                                                       "team_added_to_org",   "org_login_required"};
  constexpr std::array<std::string_view, 8> k_simpler = {"msg_too_long",
                                                         "msg_blocks_too_long",
                                                         "invalid_blocks",
                                                         "invalid_blocks_format",
                                                         "attachment_payload_limit_exceeded",
                                                         "too_many_attachments",
                                                         "no_text",
                                                         "invalid_attachments"};
  if (has(k_slow, error)) return Verdict::slow_down;
  if (has(k_again, error)) return Verdict::retry;
  if (has(k_simpler, error)) return Verdict::too_long;
  return Verdict::misconfigured;  // invalid_auth, channel_not_found, is_archived, missing_scope …
}

/// What of an edited message cannot be edited any more: nothing is lost, the thread tells.
bool is_only_about_edits(std::string_view error) {
  constexpr std::array<std::string_view, 4> k_edits = {"message_not_found", "cant_update_message",
                                                       "edit_window_closed", "thread_not_found"};
  return has(k_edits, error);
}

class Slack : public MessageReceiver {
 public:
  using MessageReceiver::MessageReceiver;

  std::vector<transport::Request> render(const Notification& notification,
                                         const Credentials& credentials,
                                         Detail detail) const override {
    json message = slack_message(notification, headline(notification), own_body(notification),
                                 settings_.max_alerts, detail);
    if (credentials.token.empty()) return {json_post(credentials.url, message)};
    const json root = json::parse(notification.memory, nullptr, false);
    if (!root.is_object() || !root.contains("ts") || !root.contains("channel")) {
      message["channel"] = settings_.channel;
      return {call("chat.postMessage", message, credentials)};
    }
    // The first message is edited, which tells nobody; an answer in its thread does.
    json answer = message;
    message["channel"] = root["channel"];
    message["ts"] = root["ts"];
    if (notification.cause == Cause::completed) return {call("chat.update", message, credentials)};
    answer["channel"] = root["channel"];
    answer["thread_ts"] = root["ts"];
    answer["reply_broadcast"] =
        notification.cause != Cause::resolved || rank_of_severity(notification.severity()) <= 1;
    return {call("chat.update", message, credentials), call("chat.postMessage", answer, credentials)};
  }

  Judgement judge(const transport::Answer& answer) const override {
    Judgement judgement = judge_http(answer);
    if (judgement.verdict == Verdict::misconfigured && answer.status == 400)
      judgement.verdict = Verdict::too_long;
    if (judgement.verdict != Verdict::delivered) return judgement;
    const json body = json::parse(answer.body, nullptr, false);
    if (!body.is_object() || !body.contains("ok") || body["ok"] == true) return judgement;
    const std::string error = text_at(body, "error").value_or("unknown error");
    if (is_only_about_edits(error)) return judgement;
    return {verdict_of(error), "Slack says " + error, answer.retry_after};
  }

  std::string remember(const Notification& notification,
                       std::span<const transport::Answer> answers) const override {
    if (!notification.memory.empty() || answers.empty()) return notification.memory;
    const json body = json::parse(answers.front().body, nullptr, false);
    if (!body.is_object() || !body.contains("ts") || !body.contains("channel")) return "";
    return text_of({{"ts", body["ts"]}, {"channel", body["channel"]}});
  }

 private:
  transport::HttpRequest call(std::string_view method,
                              const json& message,
                              const Credentials& credentials) const {
    const std::string api = settings_.server.empty() ? std::string(k_api) : settings_.server;
    return json_post(Secret(api + "/" + std::string(method)), message,
                     Secret("Bearer " + credentials.token.reveal()));
  }
};

ReceiverOptions options() {
  ReceiverOptions all;
  append_url(all, "The incoming webhook: whoever knows it can write to the channel.");
  append_token(all,
               "Instead of a webhook: a file that holds the token of a bot (`xoxb-...`, with the scope "
               "`chat:write`).");
  all.push_back(kinds::text<R>(
      "channel", "string", [](R & r) -> auto& { return r.channel; },
      "Where the bot writes: the id of a channel.", "none"));
  all.push_back(kinds::text<R>(
      "api", "URL", [](R & r) -> auto& { return r.server; }, "The Web API that the bot speaks to.",
      "\"https://slack.com/api\""));
  all.push_back(title_option());
  all.push_back(body_option());
  all.push_back(max_alerts_option());
  return all;
}

void check(Section& section, const ReceiverSettings& settings) {
  if (settings.token.is_given() == settings.url.is_given())
    return section.report_here("a Slack receiver needs either a webhook or a bot's token",
                               "Set 'url_file', or 'token_file' and 'channel'.");
  if (settings.token.is_given() && settings.channel.empty())
    section.report_here("'channel' is missing", "Name the channel that the bot writes to.");
}

}  // namespace

const ReceiverType k_slack{"slack",
                           "Slack, through an incoming webhook or a bot. The bot keeps its message up to "
                           "date and answers in its thread.",
                           {.per_second = 1, .burst = 3},
                           options,
                           check,
                           make_receiver<Slack>};

}  // namespace pgvigil::agent::notify
