#include "agent/notify/receivers/delivery.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "agent/log/log.h"

namespace pgvigil::agent::notify {

Delivery::Delivery(ReceiverSettings settings) : settings_(std::move(settings)) {
  const ReceiverType& type = *find_receiver_type(settings_.type);
  manners_ = type.manners;
  receiver_ = type.make(settings_);
}

void Delivery::hurry(std::chrono::milliseconds timeout) {
  settings_.transport.timeout = std::min(settings_.transport.timeout, timeout);
}

Attempt Delivery::send(const Notification& notification, const std::stop_token& stop) {
  const auto credentials = read_credentials(settings_);
  if (!credentials) return {{}, {Verdict::misconfigured, credentials.error().message}};
  Attempt last;
  for (const Detail detail : {Detail::full, Detail::reduced, Detail::plain}) {
    // What nobody has thought of in an answer, or in a message, ends neither the others nor the process.
    try {
      last = attempt(notification, *credentials, detail, stop);
    } catch (const std::exception& fault) {
      return {{}, {Verdict::refused, "a fault of pgvigil: " + scrubbed(fault.what(), *credentials)}};
    }
    if (last.judgement.verdict != Verdict::too_long) return last;
    log(LogLevel::warning, "notification_degraded",
        {{"receiver", settings_.name}, {"why", last.judgement.why}});
  }
  last.judgement.verdict = Verdict::refused;
  return last;
}

Attempt Delivery::attempt(const Notification& notification,
                          const Credentials& credentials,
                          Detail detail,
                          const std::stop_token& stop) {
  Attempt attempt;
  if (std::exchange(begun_, notification.id) != notification.id) answers_.clear();
  std::optional<Judgement> good;
  const std::vector<transport::Request> requests = receiver_->render(notification, credentials, detail);
  if (answers_.size() >= requests.size()) answers_.clear();
  for (std::size_t i = answers_.size(); i < requests.size(); ++i) {
    transport::Answer answer = client_.send(requests[i], settings_.transport, stop);
    Judgement& judgement = attempt.answers.emplace_back(receiver_->judge(answer));
    judgement.why = scrubbed(std::move(judgement.why), credentials);
    attempt.judgement = judgement;
    if (judgement.verdict == Verdict::delivered)
      good = judgement;
    else if (!manners_.takes_any_peer)
      return attempt;
    answers_.push_back(std::move(answer));
  }
  if (manners_.takes_any_peer && good) attempt.judgement = *good;
  if (attempt.judgement.verdict == Verdict::delivered)
    attempt.memory = receiver_->remember(notification, answers_);
  answers_.clear();
  return attempt;
}

}  // namespace pgvigil::agent::notify
