#include "agent/http/pages/status_page.h"

#include <fmt/core.h>

#include <algorithm>

#include "agent/http/pages/page.h"
#include "agent/http/pages/server_section.h"

namespace pgvigil::agent {
namespace {

std::string about(const AlertView& alert, Timestamp now) {
  std::string text = escaped(alert.summary);
  if (alert.unknown_since)
    text += fmt::format("<br><span class=\"why\">nothing is known of it for {}</span>",
                        age_of(alert.unknown_since, now));
  return text + fmt::format("<br><code>{}</code>", escaped(promql::to_string(*alert.labels)));
}

std::string told(const AlertView& alert) {
  std::string text;
  for (const std::string& line : alert.told)
    text += (text.empty() ? "" : "<br>") + escaped(line);
  return text;
}

/// The alerts, when there are any, and whom they were told.
void append_alerts(std::string& page, const AlertsView& view, Timestamp now) {
  if (view.alerts.empty()) return;
  HtmlTable table{{"alert"}, {"severity"},    {"state"}, {"for", HtmlTable::Align::right},
                  {"what"},  {"who was told"}};
  for (const AlertView& alert : view.alerts)
    table.row({escaped(alert.name),
               escaped(alert.severity),
               {alert.state, alert.state == "firing" ? "state failed short" : "state pending short"},
               age_of(alert.since, now),
               {about(alert, now), "text"},
               {told(alert), "text"}});
  if (view.left_out > 0)
    table.remark(fmt::format("and {} more, at <a href=\"/api/v1/alerts\">/api/v1/alerts</a>", view.left_out));
  page +=
      "<h2>Alerts</h2>\n" + table.html() +
      "<p class=\"why\">Why somebody was told, or not: <a href=\"/notifications\">notifications</a>.</p>\n";
}

void append_lines(std::string& page, std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  page += fmt::format("<div class=\"mistakes\"><h2>{}</h2>\n<ul>\n", title);
  for (const std::string& line : lines)
    page += fmt::format("<li><code>{}</code></li>\n", escaped(line));
  page += "</ul></div>\n";
}

}  // namespace

std::string status_html(const StatusView& view) {
  std::string page = page_begin("/", view.version);
  append_lines(page, "The configuration was refused; the one before it stays in force", view.mistakes);
  append_lines(page, "Rules that are likely to be wrong", view.warnings);
  append_lines(page, "Receivers that take no messages", view.receivers_in_trouble);
  append_alerts(page, view.alerts, view.now);
  page += view.servers.size() == 1 ? server_section(view.servers.front(), view.now)
                                   : servers_section("Servers", view.servers, view.now);
  page += servers_section("Probed targets", view.probed, view.now);
  page += fmt::format(
      "<p class=\"why\">Configuration: {}. Collectors run on their own clock; this page and /metrics "
      "never ask the database.</p>\n",
      view.config_file.empty() ? "from the environment" : escaped(view.config_file));
  return page + page_end();
}

}  // namespace pgvigil::agent
