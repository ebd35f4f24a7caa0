#include "agent/http/pages/notify_page.h"

#include <fmt/core.h>

#include <algorithm>

#include "agent/http/pages/page.h"

namespace pgvigil::agent {
namespace {

using notify::AlertStanding;
using notify::GroupStanding;
using notify::ReceiverFigures;

constexpr std::size_t k_most_groups = 100;
constexpr std::size_t k_most_alerts = 5;
constexpr std::size_t k_most_decisions = 100;
constexpr auto k_right = HtmlTable::Align::right;

constexpr std::string_view k_how_to_configure =
    R"html(<p>No receiver is configured: nobody is told of any alert. A receiver in the
configuration is enough to be told of every one:</p>
<pre>[receiver.dba]
type = "slack"                          # or webhook, mail, pagerduty, alertmanager, ...
url_file = "/run/secrets/slack-webhook"

[state]
directory = "/var/lib/pgvigil"          # what was told survives a restart</pre>
<p><code>pgvigil notify test dba</code> then sends a sample, and says what came back. Where a Prometheus evaluates the exported
rules and an Alertmanager tells people, no receiver is needed here.</p>
)html";

std::string small(std::string_view html) {
  return fmt::format("<br><span class=\"why\">{}</span>", html);
}

/// What came of the attempts since the start: "12 delivered, 3 retry".
std::string attempts_of(const ReceiverFigures& receiver) {
  std::string text;
  for (const auto& [outcome, count] : receiver.outcomes)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, escaped(outcome));
  if (receiver.given_up > 0)
    text += fmt::format("{}{} given up", text.empty() ? "" : ", ", receiver.given_up);
  return text.empty() ? "none yet" : text;
}

HtmlTable::Cell state_of(const ReceiverFigures& receiver, Timestamp now) {
  if (!is_in_trouble(receiver))
    return receiver.last_delivered ? HtmlTable::Cell("takes messages", "state good")
                                   : HtmlTable::Cell("not tried yet", "state");
  std::string text = receiver.open         ? "unreachable"
                     : receiver.down_since ? "failing"
                                           : "refused the last message";
  if (receiver.down_since) text += " for " + age_of(receiver.down_since, now);
  if (receiver.next_attempt && *receiver.next_attempt > now)
    text += small("next attempt " + moment(*receiver.next_attempt, now));
  if (!receiver.fallback.empty()) text += small("fallback: " + escaped(receiver.fallback));
  return {text, "state down"};
}

std::string receivers_section(const NotifyView& view) {
  HtmlTable table{{"receiver"},       {"state"},    {"waiting", k_right},
                  {"last delivered"}, {"attempts"}, {"last error"}};
  for (const ReceiverFigures& receiver : view.receivers) {
    std::string waiting = std::to_string(receiver.waiting);
    if (receiver.oldest_due) waiting += small("for " + age_of(receiver.oldest_due, view.now));
    table.row({escaped(receiver.receiver) + small(escaped(receiver.type)),
               state_of(receiver, view.now),
               waiting,
               when(receiver.last_delivered, view.now),
               attempts_of(receiver),
               {receiver.last_error_at
                    ? escaped(receiver.last_error) + small(when(receiver.last_error_at, view.now))
                    : "none",
                "text"}});
  }
  return "<h2>Receivers</h2>\n" + table.html();
}

std::string alerts_of(const GroupStanding& group, Timestamp now) {
  std::string text;
  for (std::size_t i = 0; i < std::min(group.alerts.size(), k_most_alerts); ++i) {
    const AlertStanding& alert = group.alerts[i];
    text += fmt::format("{}<b>{}</b> {}", i == 0 ? "" : "<br>", escaped(alert.labels->get("alertname")),
                        escaped(alert.summary));
    text += small(alert.resolved_at ? "resolved " + when(alert.resolved_at, now)
                                    : "fires since " + when(alert.fired_at, now));
    if (!alert.quiet.empty() && alert.quiet != group.reason) text += small(escaped(alert.quiet));
    text += fmt::format("<br><code>{}</code>", escaped(promql::to_string(*alert.labels)));
  }
  if (group.alerts.size() > k_most_alerts)
    text += small(fmt::format("and {} more", group.alerts.size() - k_most_alerts));
  return text;
}

/// In a word, whether its receiver knows.
HtmlTable::Cell word_of(const GroupStanding& group) {
  const bool is_told = std::ranges::all_of(
      group.alerts, [](const AlertStanding& alert) { return alert.told && !alert.resolved_at; });
  if (group.outcome == "unrouted") return {"not told", "state down short"};
  if (group.outcome == "due") return {"due", "state down short"};
  if (group.outcome == "quiet") return {is_told ? "told, quiet now" : "not told", "state pending short"};
  return is_told ? HtmlTable::Cell("told", "state good short")
                 : HtmlTable::Cell("waiting", "state pending short");
}

std::string reason_of(const GroupStanding& group, const NotifyView& view) {
  std::string text = escaped(group.outcome == "due" ? "is sent now: " + group.reason : group.reason);
  if (group.outcome == "waiting" && group.until) text += small("until " + moment(*group.until, view.now));
  if (!group.note.empty()) text += small(escaped(group.note));
  const ReceiverFigures* receiver = view.receiver(group.receiver);
  if (group.outcome == "due" && receiver != nullptr && is_in_trouble(*receiver))
    text = "its receiver takes no messages: " + escaped(receiver->last_error);
  return text;
}

std::string groups_section(const NotifyView& view) {
  std::string section = "<h2>Alerts, and who was told</h2>\n";
  if (view.groups.empty()) return section + "<p>No alert fires, and nobody is owed the end of one.</p>\n";
  HtmlTable table{{"receiver"}, {"told"}, {"why"}, {"alerts"}, {"last message"}};
  for (std::size_t i = 0; i < std::min(view.groups.size(), k_most_groups); ++i) {
    const GroupStanding& group = view.groups[i];
    table.row({group.receiver.empty() ? "nobody" : escaped(group.receiver),
               word_of(group),
               {reason_of(group, view), "text"},
               {alerts_of(group, view.now), "text"},
               when(group.last_sent, view.now)});
  }
  if (view.groups.size() > k_most_groups)
    table.remark(
        fmt::format("and {} more groups, at <a href=\"/api/v1/notifications\">/api/v1/notifications</a>",
                    view.groups.size() - k_most_groups));
  return section + table.html();
}

std::string silences_section(const NotifyView& view) {
  std::string section = "<h2>Silences</h2>\n";
  if (view.silences.empty()) return section + "<p>None holds.</p>\n";
  HtmlTable table{{"matches"}, {"by"}, {"comment"}, {"ends"}, {"id"}};
  for (const notify::Silence& silence : view.silences) {
    std::string matchers;
    for (const notify::Matcher& matcher : silence.matchers)
      matchers +=
          (matchers.empty() ? "" : " ") + fmt::format("<code>{}</code>", escaped(promql::to_string(matcher)));
    std::string ends = when(silence.ends_at, view.now);
    if (silence.starts_at > view.now) ends += small("begins " + when(silence.starts_at, view.now));
    table.row({{matchers, "text"},
               escaped(silence.author),
               {escaped(silence.comment), "text"},
               ends,
               fmt::format("<code>{}</code>", escaped(silence.id))});
  }
  return section + table.html() + "<p class=\"why\"><code>pgvigil silence expire ID</code> ends one.</p>\n";
}

HtmlTable::Cell outcome_of(const notify::DecisionView& decision) {
  if (decision.outcome == "delivered") return {"told", "state good short"};
  if (decision.outcome == "waiting") return {"waiting", "state pending short"};
  if (decision.outcome == "quiet") return {"not told", "state pending short"};
  return {escaped(decision.outcome), "state down short"};
}

std::string decisions_section(const NotifyView& view) {
  std::string section = "<h2>Last decisions</h2>\n";
  if (view.decisions.empty())
    return section + "<p>Nothing was to be decided since the start of the process.</p>\n";
  HtmlTable table{{"when"}, {"receiver"}, {"what"}, {"alerts", k_right}, {"outcome"}, {"why"}};
  for (std::size_t i = 0; i < std::min(view.decisions.size(), k_most_decisions); ++i) {
    const notify::DecisionView& decision = view.decisions[i];
    std::string why = escaped(decision.cause.empty() || decision.outcome != "delivered"
                                  ? decision.reason
                                  : decision.cause + " (" + decision.reason + ")");
    if (decision.until)
      why += small((decision.outcome == "waiting" ? "until " : "next attempt ") +
                   moment(*decision.until, view.now));
    table.row({{when(decision.at, view.now), "short"},
               escaped(decision.receiver),
               escaped(decision.about.empty() ? decision.group : decision.about),
               std::to_string(decision.alerts),
               outcome_of(decision),
               {why, "text"}});
  }
  if (view.decisions.size() > k_most_decisions)
    table.remark("older ones are at <a href=\"/api/v1/notifications\">/api/v1/notifications</a>");
  return section + table.html();
}

}  // namespace

std::string notify_html(const NotifyView& view) {
  std::string page = page_begin("/notifications", view.version);
  page += view.receivers.empty() ? std::string(k_how_to_configure)
                                 : receivers_section(view) + groups_section(view);
  page += silences_section(view);
  if (!view.receivers.empty()) page += decisions_section(view);
  page +=
      "<p class=\"why\">As JSON: <a href=\"/api/v1/notifications\">/api/v1/notifications</a>, "
      "<a href=\"/api/v2/silences\">/api/v2/silences</a>. The log has each decision as well.</p>\n";
  return page + page_end();
}

}  // namespace pgvigil::agent
