// Mail, over SMTP.

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "agent/notify/message/evidence_text.h"
#include "agent/notify/message/text.h"
#include "agent/notify/receivers/mail_message.h"
#include "agent/notify/receivers/message_receiver.h"
#include "agent/notify/receivers/receiver_options.h"
#include "agent/notify/receivers/receivers.h"
#include "rules/promql/number.h"

namespace pgvigil::agent::notify {
namespace {

constexpr std::size_t k_most_table = 40'000;  // of HTML, of one evidence
constexpr std::array<std::string_view, 3> k_security_words = {"starttls", "tls", "none"};

/// "Thu, 06 Aug 2026 12:01:30 +0000" (RFC 5322). strftime's names of days are those of the C locale.
std::string mail_date(Timestamp time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> buffer{};
  return {buffer.data(), std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S +0000", &parts)};
}

/// "pgvigil@example.org" of "pgvigil <pgvigil@example.org>".
std::string address_of(std::string_view text) {
  const auto open = text.rfind('<');
  const auto close = text.rfind('>');
  if (open == text.npos || close == text.npos || close < open) return std::string(text);
  return std::string(text.substr(open + 1, close - open - 1));
}

std::string plain_text_of(const Notification& notification, std::size_t max_alerts, Detail detail) {
  std::string text = notification.note.empty() ? "" : notification.note + "\n\n";
  if (const std::string delay = delay_of(notification); !delay.empty()) text += delay + "\n\n";
  const std::size_t shown = std::min(max_alerts, notification.alerts.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Alert& alert = notification.alerts[i];
    text += std::string(alert.fires() ? "FIRING  " : "RESOLVED  ") + summary_of(alert) + "\n  " +
            times_of(alert, notification.now) + "\n";
    if (alert.fires()) text += "  value " + promql::format_general(alert.value) + "\n";
    if (const std::string line = sparkline(alert.recent); !line.empty())
      text += "  " + line + "  last 30 min\n";
    for (const auto& [name, value] : alert.annotations)
      if (name != "summary") text += "  " + name + ": " + shortened(value, 4'000) + "\n";
    text += "  " + labels_text(*alert.labels, *promql::Labels::none()) + "\n";
    if (detail == Detail::full)
      for (const auto& evidence : own_evidence(notification, i))
        text += "\n  " + title_of(*evidence) + "\n" + table_text(*evidence, 20'000, 160);
    text += "\n";
  }
  if (shown < notification.alerts.size())
    text += "+ " + std::to_string(notification.alerts.size() - shown) + " more\n\n";
  if (notification.fires()) text += "silence: " + silence_command(notification) + "\n";
  return text;
}

std::string link(std::string_view title, std::string_view url) {
  if (!url.starts_with("http")) return "";
  return " <a href=\"" + replaced(html_escaped(url), "\"", "&quot;") + "\">" + std::string(title) + "</a>";
}

std::string html_table(const Evidence& evidence) {
  std::string html = "<p><b>" + html_escaped(title_of(evidence)) + "</b></p>";
  if (!evidence.trouble.empty() || evidence.seen.rows.empty())
    return html + "<p>" + html_escaped(table_text(evidence, 500)) + "</p>";
  html += "<table border=\"1\" cellpadding=\"3\" style=\"border-collapse:collapse;font-family:monospace\">";
  const auto rows = evidence_cells(evidence.seen);
  std::size_t row = 0;
  for (; row < rows.size() && html.size() < k_most_table; ++row) {
    const std::string_view tag = row == 0 ? "th" : "td";
    html += "<tr>";
    for (const std::string& cell : rows[row])
      html += fmt::format("<{0} style=\"text-align:left;white-space:pre-wrap\">{1}</{0}>", tag,
                          html_escaped(cell));
    html += "</tr>";
  }
  html += "</table>";
  const std::size_t left_out = rows.size() - row + evidence.seen.left_out;
  if (left_out > 0) html += "<p>… " + std::to_string(left_out) + " more</p>";
  return evidence.seen.remark.empty() ? html : html + "<p>" + html_escaped(evidence.seen.remark) + "</p>";
}

std::string html_of(const Notification& notification, std::size_t max_alerts, Detail detail) {
  std::string html = "<!doctype html><html><body style=\"font-family:sans-serif\">";
  if (!notification.note.empty()) html += "<p><b>" + html_escaped(notification.note) + "</b></p>";
  if (const std::string delay = delay_of(notification); !delay.empty()) html += "<p>" + delay + "</p>";
  const std::size_t shown = std::min(max_alerts, notification.alerts.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Alert& alert = notification.alerts[i];
    const int rank = rank_of_severity(alert.severity());
    const std::string_view colour = !alert.fires()                     ? "#2eb67d"
                                    : rank <= rank_of_severity("high") ? "#d00000"
                                                                       : "#b8860b";
    html += "<div style=\"border-left:4px solid " + std::string(colour) +
            ";padding-left:8px;margin:12px 0\"><b>" + html_escaped(summary_of(alert)) + "</b><br>" +
            times_of(alert, notification.now);
    if (alert.fires()) html += "<br>value " + promql::format_general(alert.value);
    if (const std::string line = sparkline(alert.recent); !line.empty())
      html += "<br><code>" + line + "</code> last 30 min";
    if (const auto description = alert.annotation("description"); !description.empty())
      html += "<p>" + html_escaped(shortened(description, 4'000)) + "</p>";
    html += "<br><small>" + html_escaped(labels_text(*alert.labels, *promql::Labels::none())) +
            "</small><br>" + link("Runbook", alert.annotation("runbook_url")) +
            link("Dashboard", alert.annotation("dashboard_url"));
    if (detail == Detail::full)
      for (const auto& evidence : own_evidence(notification, i))
        html += html_table(*evidence);
    html += "</div>";
  }
  if (shown < notification.alerts.size())
    html += "<p>+ " + std::to_string(notification.alerts.size() - shown) + " more</p>";
  if (notification.fires())
    html += "<p>silence: <code>" + html_escaped(silence_command(notification)) + "</code></p>";
  return html + "</body></html>";
}

class MailReceiver : public MessageReceiver {
 public:
  using MessageReceiver::MessageReceiver;

  std::vector<transport::Request> render(const Notification& notification,
                                         const Credentials& credentials,
                                         Detail detail) const override {
    MailContent content{settings_.from,        settings_.to,
                        subject(notification), mail_date(notification.now),
                        id_of(notification),   notification.memory};
    content.text = own_body(notification);
    if (content.text.empty()) {
      content.text = plain_text_of(notification, settings_.max_alerts, detail);
      content.html = html_of(notification, settings_.max_alerts, detail);
    } else {
      content.html = "<pre>" + html_escaped(content.text) + "</pre>";
    }
    transport::Mail mail{settings_.server,   settings_.security, address_of(settings_.from), {},
                         mail_text(content), settings_.user,     credentials.password};
    std::ranges::transform(settings_.to, std::back_inserter(mail.to), address_of);
    return {std::move(mail)};
  }

  /// 4yz may pass later; 552 is too long; of 5yz, what is about who sends or receives needs somebody to mend
  /// it.
  Judgement judge(const transport::Answer& answer) const override {
    if (answer.error)
      return {
          answer.error->kind == ErrorKind::configuration || answer.error->kind == ErrorKind::authentication
              ? Verdict::misconfigured
              : Verdict::retry,
          answer.error->message};
    const std::string why = "SMTP " + std::to_string(answer.status);
    if (answer.status < 400) return {Verdict::delivered, why};
    if (answer.status < 500) return {answer.status == 452 ? Verdict::slow_down : Verdict::retry, why};
    if (answer.status == 552 || answer.status == 554) return {Verdict::too_long, why};
    return {Verdict::misconfigured, why};
  }

  std::string remember(const Notification& notification, std::span<const transport::Answer>) const override {
    return notification.memory.empty() ? id_of(notification) : notification.memory;
  }

 private:
  /// The same for every attempt: a mail server that sees it twice may know.
  std::string id_of(const Notification& notification) const {
    const std::string address = address_of(settings_.from);
    const auto at = address.find('@');
    return "<" + notification.id + "." +
           (at == address.npos ? "pgvigil@localhost" : "pgvigil" + address.substr(at)) + ">";
  }
};

ReceiverOptions options() {
  ReceiverOptions all;
  all.push_back(kinds::text<R>(
      "server", "host:port", [](R & r) -> auto& { return r.server; },
      "The mail server: `smtp.example.org:587`.", "required"));
  all.push_back(kinds::word<R>(
      "security", k_security_words, [](R & r) -> auto& { return r.security; },
      "How the connection is protected: STARTTLS, which the server must offer; TLS from the beginning; not "
      "at all."));
  all.push_back(kinds::text<R>(
      "from", "address", [](R & r) -> auto& { return r.from; }, "Who sends: `pgvigil <pgvigil@example.org>`.",
      "required"));
  all.push_back(texts(
      "to", "list of addresses", [](R & r) -> auto& { return r.to; }, "Who receives."));
  all.push_back(kinds::text<R>(
      "user", "string", [](R & r) -> auto& { return r.user; }, "Who logs in to the server.", "none"));
  append_secret(
      all, "password_file", "password_variable", [](R & r) -> auto& { return r.password; },
      "A file that holds the password of `user`.");
  all.push_back(title_option());
  all.push_back(body_option());
  all.push_back(max_alerts_option());
  return all;
}

void check(Section& section, const ReceiverSettings& settings) {
  if (settings.server.find(':') == std::string::npos)
    section.report("server", "'server' must be host:port", "Write \"smtp.example.org:587\".");
  if (settings.from.empty()) section.report_here("'from' is missing", "Name the address that sends.");
  if (settings.to.empty()) section.report_here("'to' is missing", "Name who receives.");
  const auto has_break = [](const std::string& text) {
    return text.find_first_of("\r\n") != std::string::npos;
  };
  if (has_break(settings.from) || std::ranges::any_of(settings.to, has_break))
    section.report_here("an address holds no line break");
}

}  // namespace

const ReceiverType k_mail{"mail",
                          "Mail over SMTP: text and HTML, the end of an alert as an answer to its beginning.",
                          {.per_second = 0.5, .burst = 5},
                          options,
                          check,
                          make_receiver<MailReceiver>};

}  // namespace pgvigil::agent::notify
