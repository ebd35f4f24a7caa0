#pragma once

#include <optional>
#include <string>

#include "agent/notify/message/notification.h"
#include "rules/template/template.h"

namespace pgvigil::agent::notify {

/// A text of the configuration in Prometheus's template language, with Alertmanager's data: .Status,
/// .Receiver, .GroupKey, .GroupLabels, .CommonLabels, .CommonAnnotations, .ExternalURL, .Alerts (each with
/// .Status, .Labels, .Annotations, .StartsAt, .EndsAt, .Value, .Fingerprint, .Evidence), .Alerts.Firing and
/// .Alerts.Resolved. Times are text (RFC 3339). Empty: the receiver's own text.
class MessageTemplate {
 public:
  explicit MessageTemplate(const std::string& text);

  /// The text; `preset` when there is no template. What goes wrong takes its place: a message that says so is
  /// better than none.
  std::string render(const Notification& notification, const std::string& preset) const;

 private:
  std::optional<rules::Template> template_;
};

}  // namespace pgvigil::agent::notify
