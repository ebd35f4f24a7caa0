#include "agent/http/pages/server_section.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "agent/http/pages/page.h"

namespace pgvigil::agent {
namespace {

constexpr auto k_right = HtmlTable::Align::right;

std::string every(std::chrono::milliseconds interval) {
  return age(std::chrono::duration<double>(interval).count());
}

/// Why a collector runs less often than it was told; empty when it does not.
std::string slowdown_of(const CollectorStatus& collector) {
  if (collector.slowdown == 1) return "";
  return fmt::format("slowed down: every {} it would take {:.1f} % of one core of the server",
                     every(collector.every), collector.asked * 100);
}

std::string small(std::string_view html) {
  return fmt::format("<br><span class=\"why\">{}</span>", html);
}

/// How the server is, in a few words.
std::string state_of(const ServerView& view, Timestamp now) {
  if (is_local(view.server.kind)) return "";
  if (view.up) return "<span class=\"state good\">up</span>";
  if (!view.server.trouble) return "<span class=\"state waiting\">waiting for the first answer</span>";
  const Error& trouble = *view.server.trouble;
  return fmt::format("<span class=\"state down\">{}</span> for {}: {}", to_string(trouble.kind),
                     age_of(view.server.trouble_since, now), escaped(trouble.message)) +
         small(escaped(trouble.hint));
}

void append_facts(std::string& page, const ServerView& view, Timestamp now) {
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
    item("session",
         fmt::format("{} held, as user {} in database {}, opened in {:.1f} ms", view.server.connections,
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

std::string about(const CollectorStatus& collector) {
  std::string text = escaped(collector.help);
  if (const std::string slowed = slowdown_of(collector); !slowed.empty()) text += small(slowed);
  if (collector.left_out.over_total > 0)
    text += small(
        fmt::format("{} series left out: all collectors together have more than [limits] max_total_series",
                    collector.left_out.over_total));
  if (!collector.message.empty()) text += small(escaped(collector.message));
  if (!collector.mend.empty()) text += fmt::format("<br><code>{}</code>", escaped(collector.mend));
  return text;
}

std::string link_to(const CollectorStatus& collector, const ServerView& view) {
  const std::string name = escaped(collector.name);
  // A probed target is not to be seen on /metrics.
  if (!view.configured) return name;
  const std::string only = view.name.empty() ? "" : "&amp;target=" + escaped(view.name);
  return fmt::format("<a href=\"/metrics?collect[]={0}{1}\">{0}</a>", name, only);
}

void append_collectors(std::string& page, const ServerView& view, Timestamp now) {
  HtmlTable table{{"name"},
                  {"state"},
                  {"age", k_right},
                  {"every", k_right},
                  {"last run", k_right},
                  {"series", k_right},
                  {"measures"}};
  const std::string_view states[] = {"state waiting short", "state good short", "state failed short",
                                     "state unsupported short"};
  for (const CollectorStatus& collector : view.collectors)
    table.row(
        {link_to(collector, view),
         {std::string(to_string(collector.state)), states[static_cast<std::size_t>(collector.state)]},
         age_of(collector.last_success, now),
         every(std::chrono::duration_cast<std::chrono::milliseconds>(collector.every * collector.slowdown)),
         collector.runs == 0 ? "-" : fmt::format("{:.1f} ms", collector.last_seconds * 1000),
         std::to_string(collector.series),
         {about(collector), "text"}});
  page += table.html();
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
      "<p>Advice: <a href=\"/api/v1/advice\">{} found</a>{}. Looked {} times, {} of them in vain; the last "
      "success was {}, "
      "and the last look took {:.1f} s.</p>\n",
      all, kinds, advice.runs, advice.failures,
      advice.last_success ? age_of(advice.last_success, now) + " ago" : "never", advice.last_seconds);
  if (!advice.trouble.empty())
    page += fmt::format("<p class=\"why\">The last look failed: {}</p>\n", escaped(advice.trouble));
  std::map<std::string_view, std::string> blind;  // kinds by the reason
  for (const auto& [kind, why] : advice.blind) {
    std::string& kinds_of_it = blind[why];
    kinds_of_it += (kinds_of_it.empty() ? "" : ", ") + escaped(kind);
  }
  for (const auto& [why, kinds_of_it] : blind)
    page += fmt::format("<p class=\"why\">Cannot look for {}: {}</p>\n", kinds_of_it, escaped(why));
}

void append_databases(std::string& page, const ServerStatus& server, Timestamp now) {
  if (!server.databases_watched) return;
  page += fmt::format("<p>Databases: {} watched, {} in trouble; the last tour took {:.1f} s.</p>\n",
                      *server.databases_watched, server.databases_in_trouble.size(), server.tour_seconds);
  if (server.databases_in_trouble.empty()) return;
  HtmlTable table{{"database"}, {"collector"}, {"state"}, {"since", k_right}, {"why"}};
  for (const DatabaseTrouble& trouble : server.databases_in_trouble)
    table.row({escaped(trouble.database),
               trouble.collector.empty() ? "all" : escaped(trouble.collector),
               {std::string(to_string(trouble.error.kind)), "state failed"},
               age_of(trouble.since, now),
               {escaped(trouble.error.message) + small(escaped(trouble.error.hint)), "text"}});
  page += table.html();
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

std::string count_of(const ServerView& view, CollectorState state) {
  return std::to_string(std::ranges::count(view.collectors, state, &CollectorStatus::state));
}

std::string overview(const std::vector<ServerView>& servers, Timestamp now) {
  HtmlTable table{{"name"},
                  {"state"},
                  {"version"},
                  {"role"},
                  {"good", k_right},
                  {"failed", k_right},
                  {"unsupported", k_right},
                  {"series", k_right}};
  for (const ServerView& server : servers) {
    const auto& facts = server.server.facts;
    table.row({fmt::format("<a href=\"#{0}\">{0}</a>", escaped(title_of(server))), state_of(server, now),
               facts ? fmt::format("{} {}", to_string(facts->kind), escaped(facts->short_version)) : "",
               facts && facts->kind == ServerKind::postgres ? std::string(to_string(facts->role)) : "",
               count_of(server, CollectorState::good), count_of(server, CollectorState::failed),
               count_of(server, CollectorState::unsupported), std::to_string(series_of(server))});
  }
  return table.html();
}

}  // namespace

std::string server_section(const ServerView& server, Timestamp now) {
  std::string page = "<h2>Server</h2>\n";
  append_facts(page, server, now);
  append_databases(page, server.server, now);
  append_advice(page, server.server, now);
  page += "<h2>Collectors</h2>\n";
  append_collectors(page, server, now);
  return page;
}

std::string servers_section(std::string_view title, const std::vector<ServerView>& servers, Timestamp now) {
  if (servers.empty()) return "";
  std::string page = fmt::format("<h2>{}</h2>\n", title) + overview(servers, now);
  for (const ServerView& server : servers) {
    page += fmt::format("<h2 id=\"{0}\">{0}</h2>\n", escaped(title_of(server)));
    if (!is_local(server.server.kind)) append_facts(page, server, now);
    append_databases(page, server.server, now);
    append_advice(page, server.server, now);
    page += "<details><summary>Collectors</summary>\n";
    append_collectors(page, server, now);
    page += "</details>\n";
  }
  return page;
}

}  // namespace pgvigil::agent
