#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "agent/notify/receivers/receiver.h"

namespace pgvigil::agent::notify {

/// The message as Slack takes it: `text`, which phones show, and one attachment, whose colour says how bad it
/// is, with Block Kit in it. Keeps Slack's limits: 50 blocks, 150 characters of a header, 3,000 of a section,
/// 10 fields of 2,000, and 12,000 in all (an undocumented sum of about 13,200 is refused: slackapi/bolt-js,
/// 2509). With Detail::plain there is text alone.
nlohmann::json slack_message(const Notification& notification,
                             const std::string& head,
                             const std::string& body,
                             std::size_t max_alerts,
                             Detail detail);

/// What one alert says by itself, in Slack's mark-up.
std::string slack_text_of(const Alert& alert, const Notification& notification);

/// `text` with nothing in it that Slack would take for mark-up of its own: <!channel>, <@U1>.
std::string slack_escaped(std::string_view text);

}  // namespace pgvigil::agent::notify
