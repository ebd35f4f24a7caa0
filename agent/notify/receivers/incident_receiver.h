#pragma once

#include <vector>

#include "agent/notify/receivers/message_receiver.h"
#include "agent/notify/receivers/receiver_options.h"

namespace pgvigil::agent::notify {

/// What the others' max_alerts does where each alert is a message: it says from where on many are a storm.
inline Option<R> most_incidents_option() {
  return kinds::integer<R>(
      "max_alerts", 1, 1000, [](R & r) -> auto& { return r.max_alerts; },
      "When more than twice as many wait, they become one incident for each rule and severity.");
}

/// A service in which each alert is an incident of its own: it is opened, and closed.
class IncidentReceiver : public MessageReceiver {
 public:
  using MessageReceiver::MessageReceiver;

  std::vector<transport::Request> render(const Notification& notification,
                                         const Credentials& credentials,
                                         Detail detail) const final {
    std::vector<transport::Request> requests;
    for (const Alert& alert : notification.alerts) {
      if (notification.cause == Cause::completed && alert.fires()) {
        requests.emplace_back(addition(alert, notification, credentials, detail));
        continue;
      }
      // The end of what a service never heard of is dropped there.
      if (alert.fires() || !notification.is_known)
        requests.emplace_back(opening(alert, notification, credentials, detail));
      if (!alert.fires()) requests.emplace_back(closing(alert, notification, credentials));
    }
    return requests;
  }

 protected:
  virtual transport::HttpRequest opening(const Alert& alert,
                                         const Notification& notification,
                                         const Credentials& credentials,
                                         Detail detail) const = 0;
  /// Its evidence, which came after it was opened.
  virtual transport::HttpRequest addition(const Alert& alert,
                                          const Notification& notification,
                                          const Credentials& credentials,
                                          Detail detail) const {
    return opening(alert, notification, credentials, detail);
  }
  virtual transport::HttpRequest closing(const Alert& alert,
                                         const Notification& notification,
                                         const Credentials& credentials) const = 0;

  /// Stands for the alert there, over all messages about it.
  static std::string key_of(const Alert& alert) { return "pgvigil-" + fingerprint(*alert.labels); }
};

}  // namespace pgvigil::agent::notify
