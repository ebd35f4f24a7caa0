#pragma once

#include <string>

#include "agent/notify/message/message_template.h"
#include "agent/notify/message/text.h"
#include "agent/notify/receivers/receiver.h"

namespace pgvigil::agent::notify {

/// A receiver that is told in words: those that its settings' templates make, else its own.
class MessageReceiver : public Receiver {
 public:
  explicit MessageReceiver(const ReceiverSettings& settings)
      : settings_(settings), title_(settings.title), body_(settings.body) {}

 protected:
  /// The first line, with what stands before everything.
  std::string headline(const Notification& notification) const {
    return noted(notification, subject(notification));
  }
  std::string subject(const Notification& notification) const {
    return title_.render(notification, subject_of(notification));
  }
  /// The same of one alert that is told by itself.
  std::string title_for(const Alert& alert, const Notification& notification) const {
    return noted(notification, title_.render(notification, summary_of(alert)));
  }
  /// Empty when there is no template.
  std::string own_body(const Notification& notification) const { return body_.render(notification, ""); }

  const ReceiverSettings settings_;

 private:
  static std::string noted(const Notification& notification, const std::string& title) {
    return notification.note.empty() ? title : notification.note + ": " + title;
  }

  const MessageTemplate title_;
  const MessageTemplate body_;
};

}  // namespace pgvigil::agent::notify
