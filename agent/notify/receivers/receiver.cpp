#include "agent/notify/receivers/receiver.h"

#include <algorithm>
#include <array>

#include "agent/notify/message/text.h"
#include "agent/notify/receivers/receivers.h"
#include "collectors/model/utf8.h"

namespace pgvigil::agent::notify {
namespace {

constexpr std::size_t k_most_of_body = 200;

constexpr std::array k_types = {
    &k_alertmanager, &k_discord, &k_heartbeat, &k_mail,     &k_opsgenie,
    &k_pagerduty,    &k_slack,   &k_teams,     &k_telegram, &k_webhook,
};

Verdict verdict_of(int status) {
  if (status >= 200 && status < 300) return Verdict::delivered;
  switch (status) {
    case 429:
      return Verdict::slow_down;
    case 400:
    case 413:
    case 422:
      return Verdict::too_long;
    case 401:
    case 403:
    case 404:
    case 405:
    case 407:
    case 410:
      return Verdict::misconfigured;
    case 408:
    case 425:
      return Verdict::retry;
    default:
      break;
  }
  if (status >= 300 && status < 400) return Verdict::misconfigured;
  return status >= 400 && status < 500 ? Verdict::refused : Verdict::retry;
}

std::string one_line(std::string_view text) {
  std::string line = repaired_utf8(text);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  const auto last = line.find_last_not_of(' ');
  return shortened(line.substr(0, last + 1), k_most_of_body);
}

}  // namespace

std::expected<Credentials, Error> read_credentials(const ReceiverSettings& settings) {
  Credentials credentials;
  struct Wanted {
    const SecretSource& source;
    Secret& into;
  };
  for (const auto& [source, into] :
       {Wanted{settings.url, credentials.url}, Wanted{settings.token, credentials.token},
        Wanted{settings.password, credentials.password}, Wanted{settings.signing, credentials.signing}}) {
    auto secret = read_secret(source);
    if (!secret) return std::unexpected(secret.error());
    into = std::move(*secret);
  }
  return credentials;
}

std::string scrubbed(std::string text, const Credentials& credentials) {
  for (const Secret* secret :
       {&credentials.url, &credentials.token, &credentials.password, &credentials.signing})
    if (secret->reveal().size() >= 4) text = replaced(text, secret->reveal(), "***");
  return text;
}

Judgement judge_http(const transport::Answer& answer) {
  if (answer.error)
    return {answer.error->kind == ErrorKind::configuration ? Verdict::misconfigured : Verdict::retry,
            answer.error->message, answer.retry_after};
  const std::string body = one_line(answer.body);
  return {verdict_of(answer.status),
          "HTTP " + std::to_string(answer.status) + (body.empty() ? "" : ": " + body), answer.retry_after};
}

Judgement Receiver::judge(const transport::Answer& answer) const {
  return judge_http(answer);
}

std::string Receiver::remember(const Notification& notification, std::span<const transport::Answer>) const {
  return notification.memory;
}

std::span<const ReceiverType* const> receiver_types() {
  return k_types;
}

const ReceiverType* find_receiver_type(std::string_view word) {
  const auto found = std::ranges::find(k_types, word, &ReceiverType::word);
  return found == k_types.end() ? nullptr : *found;
}

}  // namespace pgvigil::agent::notify
