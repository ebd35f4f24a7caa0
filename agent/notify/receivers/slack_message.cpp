#include "agent/notify/receivers/slack_message.h"

#include <algorithm>

#include "agent/notify/message/text.h"
#include "rules/promql/number.h"

namespace pgvigil::agent::notify {
namespace {

using nlohmann::json;

constexpr std::size_t k_most_header = 150;
constexpr std::size_t k_most_section = 3'000;
constexpr std::size_t k_most_fields = 10;
constexpr std::size_t k_most_field = 300;
constexpr std::size_t k_most_evidence = 2'400;
constexpr std::size_t k_most_blocks = 45;

/// The colour of the attachment.
std::string colour_of(const Notification& notification) {
  if (!notification.fires()) return "#2eb67d";
  const int rank = rank_of_severity(notification.severity());
  if (rank <= rank_of_severity("high")) return "#d00000";
  return rank <= rank_of_severity("medium") ? "#ecb22e" : "#439fe0";
}

json mrkdwn(std::string text) {
  return {{"type", "mrkdwn"}, {"text", std::move(text)}};
}

/// Blocks, as long as the budget lasts.
class Blocks {
 public:
  explicit Blocks(std::size_t budget) : left_(budget) {}

  void header(const std::string& text) {
    const std::string shown = shortened(text.empty() ? "pgvigil" : text, k_most_header);
    left_ -= std::min(left_, characters(shown));
    blocks_.push_back(
        {{"type", "header"}, {"text", {{"type", "plain_text"}, {"text", shown}, {"emoji", false}}}});
  }

  void section(const std::string& text) {
    if (const auto shown = fitting(text, k_most_section))
      blocks_.push_back({{"type", "section"}, {"text", mrkdwn(*shown)}});
  }

  /// A table in a code block.
  void code(const std::string& title, const std::string& text) {
    if (left_ < characters(title) + 200) return;
    std::string shown = "*" + title + "*\n```" +
                        shortened(text, std::min(k_most_evidence, left_ - characters(title) - 20)) + "```";
    if (const auto fits = fitting(shown, k_most_section))
      blocks_.push_back({{"type", "section"}, {"text", mrkdwn(*fits)}});
  }

  void context(const std::string& text) {
    if (const auto shown = fitting(text, 1'000))
      blocks_.push_back({{"type", "context"}, {"elements", json::array({mrkdwn(*shown)})}});
  }

  void fields(const promql::Labels& labels) {
    json fields = json::array();
    for (std::size_t i = 0; i < labels.size() && fields.size() < k_most_fields; ++i) {
      const auto [name, value] = labels[i];
      if (name == "alertname") continue;
      if (const auto shown = fitting("*" + slack_escaped(name) + "*\n" + slack_escaped(value), k_most_field))
        fields.push_back(mrkdwn(*shown));
    }
    if (!fields.empty()) blocks_.push_back({{"type", "section"}, {"fields", std::move(fields)}});
  }

  void links(const Notification& notification) {
    json buttons = json::array();
    const auto add = [&](std::string_view title, std::string_view url) {
      if (url.empty() || url.size() > 3'000 || !url.starts_with("http")) return;
      buttons.push_back(
          {{"type", "button"}, {"text", {{"type", "plain_text"}, {"text", title}}}, {"url", url}});
    };
    const Alert& first = notification.alerts.front();
    add("Runbook", first.annotation("runbook_url"));
    add("Dashboard", first.annotation("dashboard_url"));
    add("pgvigil", notification.external_url);
    if (!buttons.empty() && blocks_.size() < k_most_blocks)
      blocks_.push_back({{"type", "actions"}, {"elements", std::move(buttons)}});
  }

  bool full() const { return left_ < 200 || blocks_.size() >= k_most_blocks; }
  json take() { return std::move(blocks_); }

 private:
  std::optional<std::string> fitting(const std::string& text, std::size_t most) {
    if (text.empty() || left_ < 20 || blocks_.size() >= k_most_blocks) return std::nullopt;
    std::string shown = shortened(text, std::min(most, left_));
    left_ -= std::min(left_, characters(shown));
    return shown;
  }

  json blocks_ = json::array();
  std::size_t left_;
};

void append_alerts(Blocks& blocks, const Notification& notification, std::size_t max_alerts, Detail detail) {
  const std::size_t shown = std::min(max_alerts, notification.alerts.size());
  std::size_t told = 0;
  for (; told < shown && !blocks.full(); ++told) {
    const Alert& alert = notification.alerts[told];
    blocks.section(slack_text_of(alert, notification));
    if (detail != Detail::full) continue;
    for (const auto& evidence : own_evidence(notification, told))
      blocks.code(slack_escaped(title_of(*evidence)), slack_escaped(table_text(*evidence, k_most_evidence)));
  }
  if (told < notification.alerts.size())
    blocks.context("+ " + std::to_string(notification.alerts.size() - told) + " more");
}

}  // namespace

std::string slack_escaped(std::string_view text) {
  // A fence within a code block would end it.
  return replaced(html_escaped(text), "```", "'''");
}

std::string slack_text_of(const Alert& alert, const Notification& notification) {
  std::string text = (alert.fires() ? ":red_circle: *" : ":large_green_circle: *") +
                     slack_escaped(summary_of(alert)) + "*\n" + times_of(alert, notification.now);
  if (alert.fires()) text += "\nvalue " + promql::format_general(alert.value);
  if (const std::string line = sparkline(alert.recent); !line.empty()) text += "  `" + line + "` last 30 min";
  const auto description = alert.annotation("description");
  if (!description.empty() && description != summary_of(alert))
    text += "\n" + slack_escaped(shortened(description, 1'000));
  const std::string labels = labels_text(*alert.labels, *notification.common_labels());
  if (!labels.empty()) text += "\n_" + slack_escaped(shortened(labels, 500)) + "_";
  return text;
}

json slack_message(const Notification& notification,
                   const std::string& head,
                   const std::string& body,
                   std::size_t max_alerts,
                   Detail detail) {
  const std::string fallback = slack_escaped(shortened(head, 500));
  if (detail == Detail::plain) {
    std::string text = fallback;
    if (!notification.alerts.empty())
      text += "\n" + slack_escaped(shortened(times_of(notification.alerts.front(), notification.now), 300));
    return {{"text", text}};
  }
  Blocks blocks(detail == Detail::full ? 12'000 : 3'000);
  blocks.header(head);
  if (const std::string delay = delay_of(notification); !delay.empty())
    blocks.context(":hourglass: " + delay);
  if (!body.empty())
    blocks.section(body);
  else
    append_alerts(blocks, notification, max_alerts, detail);
  blocks.fields(*notification.common_labels());
  if (notification.fires())
    blocks.context("silence: `" + slack_escaped(shortened(silence_command(notification), 500)) + "`");
  if (!notification.alerts.empty()) blocks.links(notification);
  return {{"text", fallback},
          {"attachments", json::array({{{"color", colour_of(notification)}, {"blocks", blocks.take()}}})}};
}

}  // namespace pgvigil::agent::notify
