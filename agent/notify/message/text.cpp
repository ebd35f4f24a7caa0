#include "agent/notify/message/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <vector>

#include "agent/notify/message/evidence_text.h"

namespace pgvigil::agent::notify {
namespace {

using namespace std::chrono;
using promql::Labels;

constexpr std::string_view k_mark = "… (shortened)";
constexpr std::size_t k_mark_characters = 13;

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

/// The bytes that the first `count` characters take.
std::size_t bytes_of(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (begins_character(text[at])) {
      if (count == 0) return at;
      --count;
    }
    ++at;
  }
  return at;
}

std::tm utc(Timestamp time) {
  const std::time_t seconds_ = system_clock::to_time_t(floor<seconds>(time));
  std::tm parts{};
  gmtime_r(&seconds_, &parts);
  return parts;
}

std::string date_of(const std::tm& time) {
  std::array<char, 64> buffer{};
  return {buffer.data(), std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d", &time)};
}

std::string clock_of(const std::tm& time) {
  std::array<char, 64> buffer{};
  return {buffer.data(), std::strftime(buffer.data(), buffer.size(), "%H:%M:%S", &time)};
}

std::string cell(std::string_view text, std::size_t width) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  if (characters(line) > width) line = line.substr(0, bytes_of(line, width - 1)) + "…";
  return line + std::string(width - std::min(width, characters(line)), ' ');
}

using Cells = std::vector<std::vector<std::string>>;  // the first row is the heading

std::vector<std::size_t> widths_of(const Cells& rows, std::size_t width) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < std::min(row.size(), widths.size()); ++i)
      widths[i] = std::max(widths[i], characters(row[i]));
  // The widest columns give until the line fits.
  const auto total = [&] {
    std::size_t sum = 2 * (widths.size() - std::min<std::size_t>(1, widths.size()));
    for (const std::size_t each : widths)
      sum += each;
    return sum;
  };
  while (!widths.empty() && total() > width) {
    auto widest = std::ranges::max_element(widths);
    if (*widest <= 4) break;
    *widest -= std::min(*widest - 4, total() - width);
  }
  return widths;
}

std::string line_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < widths.size(); ++i)
    line += (i > 0 ? "  " : "") + cell(i < cells.size() ? cells[i] : "", widths[i]);
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string shortened(std::string_view text, std::size_t most) {
  if (characters(text) <= most) return std::string(text);
  if (most <= k_mark_characters) return std::string(text.substr(0, bytes_of(text, most)));
  return std::string(text.substr(0, bytes_of(text, most - k_mark_characters))) + std::string(k_mark);
}

std::string shortened_bytes(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  const bool marked = most > k_mark.size();
  std::size_t end = marked ? most - k_mark.size() : most;
  while (end > 0 && !begins_character(text[end]))
    --end;
  return std::string(text.substr(0, end)) + (marked ? std::string(k_mark) : "");
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = std::min(text.find(from, at), text.size());
    result += text.substr(at, next - at);
    if (next < text.size()) result += to;
    at = next + (next < text.size() ? from.size() : 0);
  }
  return result;
}

std::string html_escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else
      result += c;
  }
  return result;
}

std::string rfc3339(Timestamp time) {
  const auto fraction = duration_cast<milliseconds>(time - floor<seconds>(time)).count();
  std::string text = date_of(utc(time)) + "T" + clock_of(utc(time));
  if (fraction != 0) text += "." + std::to_string(1000 + fraction).substr(1);
  return text + "Z";
}

std::string clock_text(Timestamp time, Timestamp now) {
  const bool today = floor<days>(time) == floor<days>(now);
  return (today ? "" : date_of(utc(time)) + " ") + clock_of(utc(time)) + " UTC";
}

std::string span_text(system_clock::duration span) {
  auto left = std::max<std::int64_t>(0, duration_cast<seconds>(span).count());
  struct Unit {
    std::int64_t size;
    char letter;
  };
  constexpr std::array<Unit, 4> k_units = {{{86'400, 'd'}, {3'600, 'h'}, {60, 'm'}, {1, 's'}}};
  std::string text;
  int parts = 0;
  for (const auto& [size, letter] : k_units) {
    if (left < size && parts == 0) continue;
    if (left >= size) text += (text.empty() ? "" : " ") + std::to_string(left / size) + letter;
    left %= size;
    if (++parts == 2) break;
  }
  return text.empty() ? "0s" : text;
}

std::string sparkline(std::span<const double> values, std::size_t most) {
  if (values.size() > most) values = values.last(most);
  double least = INFINITY;
  double greatest = -INFINITY;
  std::size_t seen = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    least = std::min(least, value);
    greatest = std::max(greatest, value);
    ++seen;
  }
  if (seen < 2) return "";
  constexpr std::array<std::string_view, 8> k_bars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string line;
  for (const double value : values) {
    if (!std::isfinite(value)) {
      line += ' ';
      continue;
    }
    // Halves: the greatest doubles are further apart than a double can tell.
    const double share = greatest > least ? (value / 2 - least / 2) / (greatest / 2 - least / 2) : 0;
    line += k_bars[static_cast<std::size_t>(std::lround(share * 7))];
  }
  return line;
}

std::string title_of(const Evidence& evidence) {
  return evidence.seen.title + (evidence.server.empty() ? "" : ", on " + evidence.server);
}

std::string table_text(const Evidence& evidence, std::size_t most, std::size_t width) {
  if (!evidence.trouble.empty()) return shortened("not seen: " + evidence.trouble + "\n", most);
  const std::string remark = evidence.seen.remark.empty() ? "" : evidence.seen.remark + "\n";
  if (evidence.seen.rows.empty()) return shortened("nothing\n" + remark, most);
  const Cells rows = evidence_cells(evidence.seen);
  const auto widths = widths_of(rows, width);
  std::string text = line_of(rows.front(), widths);
  std::size_t used = characters(text);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const std::string line = line_of(rows[i], widths);
    const std::string rest = "… " + std::to_string(rows.size() - i + evidence.seen.left_out) + " more\n";
    const bool last = i + 1 == rows.size() && evidence.seen.left_out == 0;
    if (used + characters(line) + (last ? 0 : characters(rest)) > most) return shortened(text + rest, most);
    text += line;
    used += characters(line);
  }
  if (evidence.seen.left_out > 0) text += "… " + std::to_string(evidence.seen.left_out) + " more\n";
  return shortened(text + remark, most);
}

std::string labels_text(const Labels& labels, const Labels& without) {
  std::string text;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto [name, value] = labels[i];
    if (without.get(name) == value) continue;
    text += (text.empty() ? "" : ", ") + std::string(name) + "=" + std::string(value);
  }
  return text;
}

std::string summary_of(const Alert& alert) {
  for (const std::string_view name : {"summary", "description", "message"})
    if (const auto text = alert.annotation(name); !text.empty()) return std::string(text);
  return std::string(alert.name());
}

std::string title_of(const Notification& notification) {
  const auto& alerts = notification.alerts;
  if (alerts.empty()) return "nothing";
  std::string title = summary_of(alerts.front());
  if (alerts.size() > 1) title += " (and " + std::to_string(alerts.size() - 1) + " more)";
  return title;
}

std::string subject_of(const Notification& notification) {
  const std::size_t firing = notification.firing();
  std::string mark = notification.cause == Cause::test ? "[TEST] " : "";
  if (notification.cause == Cause::completed) mark += "[EVIDENCE] ";
  mark += firing > 0 ? "[FIRING:" + std::to_string(firing) + "] " : "[RESOLVED] ";
  return mark + title_of(notification);
}

std::string times_of(const Alert& alert, Timestamp now) {
  std::string text;
  if (alert.resolved_at) {
    text = "fired " + clock_text(alert.fired_at, now) + ", resolved " + clock_text(*alert.resolved_at, now) +
           " (after " + span_text(*alert.resolved_at - alert.fired_at) + ")";
  } else {
    text = "firing since " + clock_text(alert.fired_at, now) + " (" + span_text(now - alert.fired_at) + ")";
  }
  if (alert.unknown_since) text += ", state unknown since " + clock_text(*alert.unknown_since, now);
  if (alert.flapping) text += ", flapping";
  return text;
}

std::string delay_of(const Notification& notification) {
  if (!notification.due_since || notification.now - *notification.due_since < minutes(1)) return "";
  return "delivery was delayed by " + span_text(notification.now - *notification.due_since);
}

std::string silence_command(const Notification& notification) {
  std::string command = "pgvigil silence add --for 2h";
  const auto labels = notification.common_labels();
  for (std::size_t i = 0; i < labels->size(); ++i) {
    const auto [name, value] = (*labels)[i];
    if (name == "severity") continue;
    command += " '" + std::string(name) + "=" + replaced(value, "'", "'\\''") + "'";
  }
  return command;
}

}  // namespace pgvigil::agent::notify
