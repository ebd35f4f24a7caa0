// Any program that takes HTTP: Alertmanager's webhook JSON version 4, or a body of the user's own.

#include <algorithm>
#include <chrono>

#include "agent/notify/message/alert_json.h"
#include "agent/notify/message/message_template.h"
#include "agent/notify/receivers/receiver_options.h"
#include "agent/notify/receivers/receivers.h"
#include "agent/notify/receivers/signature.h"

namespace pgvigil::agent::notify {
namespace {

class Webhook : public Receiver {
 public:
  explicit Webhook(const ReceiverSettings& settings) : settings_(settings), body_(settings.body) {}

  std::vector<transport::Request> render(const Notification& notification,
                                         const Credentials& credentials,
                                         Detail detail) const override {
    const std::size_t most =
        detail == Detail::full ? settings_.max_alerts : std::min<std::size_t>(settings_.max_alerts, 1);
    transport::HttpRequest request{settings_.method, credentials.url,     {}, {},
                                   settings_.user,   credentials.password};
    request.body = body_.render(
        notification, settings_.body.empty() ? webhook_json(notification, most, detail == Detail::full) : "");
    const bool own_type = std::ranges::any_of(
        settings_.headers, [](const auto& header) { return header.first == "Content-Type"; });
    if (!own_type) request.headers.emplace_back("Content-Type", Secret("application/json"));
    for (const auto& [name, value] : settings_.headers)
      request.headers.emplace_back(name, Secret(value));
    if (!credentials.token.empty())
      request.headers.emplace_back("Authorization", Secret("Bearer " + credentials.token.reveal()));
    append_standard_headers(request, notification, credentials);
    return {std::move(request)};
  }

 private:
  /// Standard Webhooks: the id is the same over retries, and what a receiver can tell duplicates by.
  static void append_standard_headers(transport::HttpRequest& request,
                                      const Notification& notification,
                                      const Credentials& credentials) {
    const std::string id = "msg_" + notification.id;
    const std::string timestamp = std::to_string(
        std::chrono::duration_cast<std::chrono::seconds>(notification.now.time_since_epoch()).count());
    request.headers.emplace_back("webhook-id", Secret(id));
    request.headers.emplace_back("webhook-timestamp", Secret(timestamp));
    if (!credentials.signing.empty())
      request.headers.emplace_back(
          "webhook-signature", Secret(webhook_signature(credentials.signing, id, timestamp, request.body)));
  }

  ReceiverSettings settings_;
  MessageTemplate body_;
};

ReceiverOptions options() {
  ReceiverOptions all;
  append_url(all, "Where to send.");
  append_token(all, "A file that holds a token, sent as `Authorization: Bearer`.");
  all.push_back(kinds::text<R>(
      "user", "string", [](R & r) -> auto& { return r.user; }, "The user of basic authentication.", "none"));
  append_secret(
      all, "password_file", "password_variable", [](R & r) -> auto& { return r.password; },
      "A file that holds the password of `user`.");
  append_secret(
      all, "signing_secret_file", "signing_secret_variable", [](R & r) -> auto& { return r.signing; },
      "A file that holds the secret (`whsec_...`; several with a space between them) that messages are "
      "signed with, by "
      "the rules of Standard Webhooks.");
  all.push_back(
      {"method", "`POST`, `PUT` or `PATCH`", "\"POST\"", "The method.", [](Section& section, R& receiver) {
         static constexpr std::array<std::string_view, 3> k_methods = {"POST", "PUT", "PATCH"};
         if (const auto word = section.choice("method", k_methods)) receiver.method = k_methods.at(*word);
       }});
  all.push_back({"headers", "table of strings", "none", "Further headers: `headers = { X-Team = \"dba\" }`.",
                 [](Section& section, R& receiver) {
                   auto headers = section.section("headers");
                   if (!headers) return;
                   receiver.headers = headers->string_map();
                   for (const auto& [name, value] : receiver.headers)
                     if ((name + value).find_first_of("\r\n") != std::string::npos)
                       headers->report(name, "a header holds no line break");
                   headers->finish();
                 }});
  all.push_back(template_option(
      "body", [](R & r) -> auto& { return r.body; },
      "The body, a template; without it Alertmanager's webhook JSON, version 4."));
  all.push_back(max_alerts_option());
  return all;
}

}  // namespace

const ReceiverType k_webhook{"webhook",
                             "Any program that takes HTTP, with Alertmanager's webhook JSON version 4.",
                             {.per_second = 10, .burst = 20},
                             options,
                             require_url,
                             make_receiver<Webhook>};

}  // namespace pgvigil::agent::notify
