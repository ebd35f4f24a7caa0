#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/http/pages/status_page.h"
#include "agent/notify/notifier.h"

namespace pgvigil::agent {

/// What is to be seen of notifications, as read at one moment.
struct NotifyView {
  std::string version;
  std::vector<notify::ReceiverFigures> receivers;
  std::vector<notify::GroupStanding> groups;
  std::vector<notify::Silence> silences;  ///< that hold, those that end first in front, and those to come
  std::vector<notify::DecisionView> decisions;  ///< newest first
  Timestamp now;

  /// Null when there is none of that name.
  const notify::ReceiverFigures* receiver(std::string_view name) const;
};

/// Without a notifier, before the first configuration, there is nothing in it.
NotifyView notify_view(const notify::Notifier* notifier, std::string_view version, Timestamp now);

/// Whether no message reaches the receiver now.
bool is_in_trouble(const notify::ReceiverFigures& receiver);

/// Tells the status page which alerts were told to whom, and which receivers take no messages.
void add_what_was_told(StatusView& view, const notify::Notifier& notifier);

}  // namespace pgvigil::agent
