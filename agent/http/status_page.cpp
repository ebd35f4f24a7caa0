#include "agent/http/status_page.h"

#include <fmt/core.h>

#include <algorithm>

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_head = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="15">
<title>pgvigil</title>
<style>
:root { color-scheme: light dark; --line: #8884; --soft: #888; --good: #1a7f37; --bad: #cf222e; --off: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #ff7b72; --off: #d29922; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0 } h1 small { color: var(--soft); font-weight: normal; font-size: .9rem }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
nav { margin: .5rem 0 1.5rem } nav a { margin-right: 1rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { font-weight: 600; color: var(--soft); font-size: .85rem } td.n, th.n { text-align: right; white-space: nowrap }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: 0 } dt { color: var(--soft) } dd { margin: 0 }
.good { color: var(--good) } .failed, .down { color: var(--bad) } .unsupported, .waiting { color: var(--off) }
.state { font-weight: 600; white-space: nowrap } .why { color: var(--soft); font-size: .9rem }
code { font: .9em ui-monospace, monospace; background: #8882; padding: .1em .3em; border-radius: 3px }
.mistakes { border-left: 3px solid var(--bad); padding-left: 1rem }
</style>
</head>
<body>
)html";

std::string escaped(std::string_view text) {
  std::string safe;
  for (char c : text) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else if (c == '>')
      safe += "&gt;";
    else if (c == '"')
      safe += "&quot;";
    else
      safe += c;
  }
  return safe;
}

std::string age(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 172800) return fmt::format("{:.0f} h", seconds / 3600);
  return fmt::format("{:.0f} d", seconds / 86400);
}

std::string age_of(std::optional<Timestamp> at, Timestamp now) {
  return at ? age(std::chrono::duration<double>(now - *at).count()) : "never";
}

std::string every(std::chrono::milliseconds interval) {
  return age(std::chrono::duration<double>(interval).count());
}

/// Why a collector runs less often than it was told; empty when it does not.
std::string slowdown_of(const CollectorStatus& collector) {
  if (collector.slowdown == 1) return "";
  return fmt::format("slowed down: every {} it would take {:.1f} % of one core of the server",
                     every(collector.every), collector.asked * 100);
}

/// How the server is, in a few words.
std::string state_of(const ServerView& view, Timestamp now) {
  if (is_local(view.server.kind)) return "";
  if (view.up) return "<span class=\"state good\">up</span>";
  if (!view.server.trouble) return "<span class=\"state waiting\">waiting for the first answer</span>";
  const Error& trouble = *view.server.trouble;
  return fmt::format("<span class=\"state down\">{}</span> for {}: {}<br><span class=\"why\">{}</span>",
                     to_string(trouble.kind), age_of(view.server.trouble_since, now),
                     escaped(trouble.message), escaped(trouble.hint));
}

void append_server(std::string& page, const ServerView& view, Timestamp now) {
  const auto item = [&](std::string_view term, std::string_view value) {
    page += fmt::format("<dt>{}</dt><dd>{}</dd>\n", term, value);
  };
  page += "<dl>\n";
  item("state", state_of(view, now));
  if (view.server.canary_trouble)
    item("new sessions", fmt::format("<span class=\"state down\">refused</span>: {}",
                                     escaped(view.server.canary_trouble->message)));
  if (const auto& facts = view.server.facts) {
    item("version", fmt::format("{} {}", to_string(facts->kind), escaped(facts->short_version)));
    if (facts->kind == ServerKind::postgres) item("role", to_string(facts->role));
    item("session", fmt::format("{} held, as user {} in database {}, opened in {:.1f} ms", view.server.connections,
                                escaped(facts->user), escaped(facts->database), view.server.connect_seconds * 1000));
    item("cost", fmt::format("{:.2f} % of one core for all collectors, at most {:.2f} % is meant",
                             view.server.database_share * 100, view.server.database_share_limit * 100));
    if (facts->postmaster_start != Timestamp{}) item("running for", age_of(facts->postmaster_start, now));
    if (view.server.certificates_end)
      item("certificate", fmt::format("ends in {}", age_of(now, *view.server.certificates_end)));
    if (!facts->system_identifier.empty()) item("system identifier", facts->system_identifier);
  }
  page += "</dl>\n";
}

void append_collectors(std::string& page, const ServerView& view, Timestamp now) {
  const auto link = [&](const std::string& collector) {
    const std::string name = escaped(collector);
    // A probed target is not to be seen on /metrics.
    if (!view.configured) return name;
    const std::string only = view.name.empty() ? "" : "&amp;target=" + escaped(view.name);
    return fmt::format("<a href=\"/metrics?collect[]={0}{1}\">{0}</a>", name, only);
  };
  page +=
      "<div class=\"scroll\"><table>\n<tr><th>name</th><th>state</th><th class=\"n\">age</th>"
      "<th class=\"n\">every</th><th class=\"n\">last run</th><th "
      "class=\"n\">series</th><th>measures</th></tr>\n";
  for (const CollectorStatus& collector : view.collectors) {
    std::string about = escaped(collector.help);
    if (const std::string slowed = slowdown_of(collector); !slowed.empty())
      about += fmt::format("<br><span class=\"why\">{}</span>", slowed);
    if (collector.left_out.over_total > 0)
      about += fmt::format(
          "<br><span class=\"why\">{} series left out: all collectors together have more than [limits] "
          "max_total_series</span>",
          collector.left_out.over_total);
    if (!collector.message.empty()) about += fmt::format("<br><span class=\"why\">{}</span>", escaped(collector.message));
    if (!collector.mend.empty()) about += fmt::format("<br><code>{}</code>", escaped(collector.mend));
    const std::string_view state = to_string(collector.state);
    page += fmt::format(
        "<tr><td>{0}</td><td class=\"state {1}\">{1}</td><td "
        "class=\"n\">{2}</td>"
        "<td class=\"n\">{3}</td><td class=\"n\">{4}</td><td class=\"n\">{5}</td><td>{6}</td></tr>\n",
        link(collector.name), state, age_of(collector.last_success, now),
        every(std::chrono::duration_cast<std::chrono::milliseconds>(collector.every * collector.slowdown)),
        collector.runs == 0 ? "-" : fmt::format("{:.1f} ms", collector.last_seconds * 1000), collector.series,
        about);
  }
  page += "</table></div>\n";
}

/// How the looks for advice fare, and what stands.
void append_advice(std::string& page, const ServerStatus& server, Timestamp now) {
  if (!server.advice) return;
  const AdviceStatus& advice = *server.advice;
  std::size_t all = 0;
  std::string kinds;
  for (const auto& [kind, count] : advice.findings) {
    all += count;
    if (count > 0) kinds += fmt::format("{}{} {}", kinds.empty() ? ": " : ", ", count, escaped(kind));
  }
  page += fmt::format(
      "<p>Advice: <a href=\"/api/v1/advice\">{} found</a>{}. Looked {} times, {} of them in vain; the last success was {}, "
      "and the last look took {:.1f} s.</p>\n",
      all, kinds, advice.runs, advice.failures,
      advice.last_success ? age_of(advice.last_success, now) + " ago" : "never", advice.last_seconds);
  if (!advice.trouble.empty())
    page += fmt::format("<p class=\"why\">The last look failed: {}</p>\n", escaped(advice.trouble));
  for (const auto& [kind, why] : advice.blind)
    page += fmt::format("<p class=\"why\">{} cannot look: {}</p>\n", escaped(kind), escaped(why));
}

void append_databases(std::string& page, const ServerStatus& server, Timestamp now) {
  if (!server.databases_watched) return;
  page += fmt::format("<p>Databases: {} watched, {} in trouble; the last tour took {:.1f} s.</p>\n",
                      *server.databases_watched, server.databases_in_trouble.size(), server.tour_seconds);
  if (server.databases_in_trouble.empty()) return;
  page +=
      "<div class=\"scroll\"><table>\n<tr><th>database</th><th>collector</th><th>state</th><th "
      "class=\"n\">since</th>"
      "<th>why</th></tr>\n";
  for (const DatabaseTrouble& trouble : server.databases_in_trouble)
    page += fmt::format(
        "<tr><td>{}</td><td>{}</td><td class=\"state failed\">{}</td><td class=\"n\">{}</td><td>{}<br><span "
        "class=\"why\">{}</span></td></tr>\n",
        escaped(trouble.database), trouble.collector.empty() ? "all" : escaped(trouble.collector),
        to_string(trouble.error.kind), age_of(trouble.since, now), escaped(trouble.error.message),
        escaped(trouble.error.hint));
  page += "</table></div>\n";
}

std::string title_of(const ServerView& view) {
  return agent::title_of(view.server.kind, view.name);
}

std::size_t series_of(const ServerView& view) {
  std::size_t series = 0;
  for (const CollectorStatus& collector : view.collectors)
    series += collector.series;
  return series;
}

std::ptrdiff_t count_of(const ServerView& view, CollectorState state) {
  return std::ranges::count(view.collectors, state, &CollectorStatus::state);
}

/// The servers, a line each, and then what is known of each.
void append_servers(std::string& page,
                    std::string_view title,
                    const std::vector<ServerView>& servers,
                    Timestamp now) {
  page += fmt::format("<h2>{}</h2>\n", title);
  page +=
      "<div "
      "class=\"scroll\"><table>\n<tr><th>name</th><th>state</th><th>version</th><th>role</th>"
      "<th class=\"n\">good</th><th class=\"n\">failed</th><th class=\"n\">unsupported</th><th "
      "class=\"n\">series</th>"
      "</tr>\n";
  for (const ServerView& server : servers) {
    const auto& facts = server.server.facts;
    page += fmt::format(
        "<tr><td><a href=\"#{0}\">{0}</a></td><td>{1}</td><td>{2}</td><td>{3}</td><td class=\"n\">{4}</td>"
        "<td class=\"n\">{5}</td><td class=\"n\">{6}</td><td class=\"n\">{7}</td></tr>\n",
        escaped(title_of(server)), state_of(server, now),
        facts ? fmt::format("{} {}", to_string(facts->kind), escaped(facts->short_version)) : "",
        facts && facts->kind == ServerKind::postgres ? to_string(facts->role) : "", count_of(server, CollectorState::good),
        count_of(server, CollectorState::failed), count_of(server, CollectorState::unsupported),
        series_of(server));
  }
  page += "</table></div>\n";
  for (const ServerView& server : servers) {
    page += fmt::format("<h2 id=\"{0}\">{0}</h2>\n", escaped(title_of(server)));
    if (!is_local(server.server.kind)) append_server(page, server, now);
    append_databases(page, server.server, now);
    append_advice(page, server.server, now);
    page += "<details><summary>Collectors</summary>\n";
    append_collectors(page, server, now);
    page += "</details>\n";
  }
}

void append_only_server(std::string& page, const ServerView& server, Timestamp now) {
  page += "<h2>Server</h2>\n";
  append_server(page, server, now);
  append_databases(page, server.server, now);
  append_advice(page, server.server, now);
  page += "<h2>Collectors</h2>\n";
  append_collectors(page, server, now);
}

/// The alerts, when there are any.
void append_alerts(std::string& page, const std::vector<AlertView>& alerts, Timestamp now) {
  if (alerts.empty()) return;
  page += "<h2>Alerts</h2>\n<div class=\"scroll\"><table>\n<tr><th>alert</th><th>severity</th><th>state</th>"
          "<th class=\"n\">for</th><th>what</th></tr>\n";
  for (const AlertView& alert : alerts) {
    std::string about = escaped(alert.summary);
    if (alert.unknown_since)
      about += fmt::format("<br><span class=\"why\">nothing is known of it for {}</span>",
                           age_of(alert.unknown_since, now));
    page += fmt::format(
        "<tr><td>{0}</td><td>{1}</td><td class=\"state {2}\">{3}</td><td class=\"n\">{4}</td><td>{5}<br><code>{6}</code>"
        "</td></tr>\n",
        escaped(alert.name), escaped(alert.severity), alert.state == "firing" ? "failed" : "waiting", alert.state,
        age_of(alert.since, now), about, escaped(alert.labels));
  }
  page += "</table></div>\n";
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
  std::string page(k_head);
  page += fmt::format("<h1>pgvigil <small>{}</small></h1>\n", escaped(view.version));
  page +=
      "<nav><a href=\"/metrics\">metrics</a><a href=\"/status\">status as JSON</a><a href=\"/readyz\">readyz</a>"
      "<a href=\"/livez\">livez</a></nav>\n";
  append_lines(page, "The configuration was refused; the one before it stays in force", view.mistakes);
  append_lines(page, "Rules that are likely to be wrong", view.warnings);
  append_alerts(page, view.alerts, view.now);
  if (view.servers.size() == 1)
    append_only_server(page, view.servers.front(), view.now);
  else
    append_servers(page, "Servers", view.servers, view.now);
  if (!view.probed.empty()) append_servers(page, "Probed targets", view.probed, view.now);
  page += fmt::format("<p class=\"why\">Configuration: {}. Collectors run on their own clock; this page and /metrics "
                      "never ask the database.</p>\n</body>\n</html>\n",
                      view.config_file.empty() ? "from the environment" : escaped(view.config_file));
  return page;
}

}  // namespace pgvigil::agent
