#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/notify/receivers/receiver.h"
#include "agent/transport/http_client.h"

namespace pgvigil::agent::notify {

/// What came of one message.
struct Attempt {
  std::vector<Judgement> answers = {};  ///< on each request that was sent
  Judgement judgement = {Verdict::misconfigured, "there is nothing to send"};
  std::string memory = {};  ///< of the receiver, when it was delivered
};

/// Brings messages to one receiver, and understands what comes back. Of one thread.
class Delivery {
 public:
  explicit Delivery(ReceiverSettings settings);

  const ReceiverSettings& settings() const { return settings_; }
  const Manners& manners() const { return manners_; }
  /// Of the whole of one request, from now on.
  void hurry(std::chrono::milliseconds timeout);

  /// With everything there is; where that is refused as too long or malformed, with less. A message of
  /// several requests that failed in the middle goes on there when it is sent again.
  Attempt send(const Notification& notification, const std::stop_token& stop = {});

 private:
  Attempt attempt(const Notification& notification,
                  const Credentials& credentials,
                  Detail detail,
                  const std::stop_token& stop);

  ReceiverSettings settings_;
  Manners manners_;
  std::unique_ptr<Receiver> receiver_;
  transport::HttpClient client_;
  std::string begun_;                       // the id of the message that was sent last
  std::vector<transport::Answer> answers_;  // to those of its requests that were taken
};

}  // namespace pgvigil::agent::notify
