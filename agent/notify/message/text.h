#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "agent/notify/message/notification.h"

/// What the texts of all receivers are made of.
namespace pgvigil::agent::notify {

/// The text in at most `most` characters (code points); what was longer ends in "… (shortened)".
std::string shortened(std::string_view text, std::size_t most);
/// The same in at most `most` bytes, never within a character.
std::string shortened_bytes(std::string_view text, std::size_t most);
std::size_t characters(std::string_view text);

std::string replaced(std::string_view text, std::string_view from, std::string_view to);
/// & < > as HTML and Slack want them.
std::string html_escaped(std::string_view text);

/// "2026-08-06T12:01:30.250Z" (RFC 3339).
std::string rfc3339(Timestamp time);
/// "12:01:30 UTC"; with its date when that is not the day of `now`.
std::string clock_text(Timestamp time, Timestamp now);
/// "12m 5s": the two largest units.
std::string span_text(std::chrono::system_clock::duration span);

/// The values as ▁▂▃▄▅▆▇█, a space where there is none, at most `most` of them; empty when there are fewer
/// than two.
std::string sparkline(std::span<const double> values, std::size_t most = 30);

/// What the evidence is called: its title, and the server where several are watched.
std::string title_of(const Evidence& evidence);
/// The evidence as a table of plain text, no line longer than `width` characters; at most `most` characters.
std::string table_text(const Evidence& evidence, std::size_t most, std::size_t width = 100);

/// "a="1", b="2"" without those that `without` has.
std::string labels_text(const promql::Labels& labels, const promql::Labels& without);

/// "PostgresDown on db1" and how many more: one line without marks of severity.
std::string title_of(const Notification& notification);
/// "[FIRING:2] PostgresDown": as Alertmanager heads its messages.
std::string subject_of(const Notification& notification);
/// What the alert says of itself: its summary, else its description, else its name.
std::string summary_of(const Alert& alert);
/// "firing since 12:01:30 UTC (5m)", "fired 12:01, resolved 12:04"; what is unknown and what flaps.
std::string times_of(const Alert& alert, Timestamp now);
/// "delivery was delayed by 6m"; empty when it was not.
std::string delay_of(const Notification& notification);
/// Where a silence of this group is made: the command.
std::string silence_command(const Notification& notification);

}  // namespace pgvigil::agent::notify
