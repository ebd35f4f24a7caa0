#include "agent/http/pages/page.h"

#include <fmt/core.h>

#include <array>
#include <chrono>
#include <cmath>
#include <utility>

#include "agent/notify/message/text.h"

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
:root { color-scheme: light dark; --line: #8884; --soft: #6a6a6a; --good: #1a7f37; --bad: #cf222e; --off: #9a6700 }
@media (prefers-color-scheme: dark) { :root { --soft: #999; --good: #3fb950; --bad: #ff7b72; --off: #d29922 } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 1.5rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem; margin: 0 } h1 small { color: var(--soft); font-weight: normal; font-size: .9rem }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
nav { margin: .5rem 0 1.5rem; display: flex; flex-wrap: wrap; gap: .2rem 1rem } nav .here { font-weight: 600 }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word }
th { font-weight: 600; color: var(--soft); font-size: .85rem; overflow-wrap: normal }
td.short, th.short { white-space: nowrap } td.n, th.n { text-align: right; white-space: nowrap }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: 0 }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
.good { color: var(--good) } .failed, .down { color: var(--bad) } .unsupported, .waiting, .pending { color: var(--off) }
.state { font-weight: 600 } .why { color: var(--soft); font-size: .9rem; font-weight: normal } .text { overflow-wrap: anywhere }
code, pre { font: .9em ui-monospace, monospace; background: #8882; border-radius: 3px }
code { padding: .1em .3em; overflow-wrap: anywhere } pre { padding: .6rem .8rem; overflow-x: auto }
.mistakes { border-left: 3px solid var(--bad); padding-left: 1rem }
details { margin-top: .6rem } summary { cursor: pointer }
@media (max-width: 44rem) {
  table, tbody, tr, td { display: block } tr.head { display: none }
  tr { border-bottom: 1px solid var(--line); padding: .4rem 0 }
  td, td.n { border: 0; padding: .05rem 0 .05rem 7.5rem; text-align: left; white-space: normal; position: relative; min-height: 1.5em }
  td::before { content: attr(data-label); position: absolute; left: 0; width: 7rem; color: var(--soft); font-size: .85rem; font-weight: normal }
  td.all { padding-left: 0 } td:empty { display: none }
}
</style>
</head>
<body>
)html";

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> k_links = {
    {{"/", "status"},
     {"/notifications", "notifications"},
     {"/metrics", "metrics"},
     {"/status", "status as JSON"},
     {"/readyz", "readyz"},
     {"/livez", "livez"}}};

}  // namespace

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

std::string when(std::optional<Timestamp> at, Timestamp now) {
  if (!at) return "never";
  const double passed = std::chrono::duration<double>(now - *at).count();
  const std::string distance = passed >= 0 ? age(passed) + " ago" : "in " + age(-passed);
  return fmt::format("{} <span class=\"why\">{}</span>", distance, notify::clock_text(*at, now));
}

std::string moment(Timestamp at, Timestamp now) {
  const std::string clock = notify::clock_text(at, now);
  return at <= now ? clock
                   : fmt::format("{} (in {})", clock, age(std::chrono::duration<double>(at - now).count()));
}

std::string page_begin(std::string_view here, std::string_view version) {
  std::string page(k_head);
  page += fmt::format("<h1>pgvigil <small>{}</small></h1>\n<nav>", escaped(version));
  for (const auto& [path, text] : k_links)
    page += path == here ? fmt::format("<span class=\"here\">{}</span>", text)
                         : fmt::format("<a href=\"{}\">{}</a>", path, text);
  return page + "</nav>\n";
}

std::string page_end() {
  return "</body>\n</html>\n";
}

Response page_response(std::string html) {
  return {.content_type = "text/html; charset=utf-8",
          .body = std::move(html),
          .headers = {{"Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"},
                      {"Cache-Control", "no-store"}}};
}

HtmlTable::HtmlTable(std::initializer_list<Column> columns) : columns_(columns) {}

void HtmlTable::row(std::initializer_list<Cell> cells) {
  rows_ += "<tr>";
  auto column = columns_.begin();
  for (const Cell& cell : cells) {
    std::string css(cell.css);
    if (column->align == Align::right) css += css.empty() ? "n" : " n";
    rows_ += fmt::format("<td data-label=\"{}\"{}>{}</td>", column->heading,
                         css.empty() ? "" : " class=\"" + css + "\"", cell.html);
    ++column;
  }
  rows_ += "</tr>\n";
}

void HtmlTable::remark(std::string_view html) {
  rows_ += fmt::format("<tr><td class=\"all why\" colspan=\"{}\">{}</td></tr>\n", columns_.size(), html);
}

std::string HtmlTable::html() const {
  std::string table = "<table>\n<tr class=\"head\">";
  for (const Column& column : columns_)
    table += fmt::format("<th{}>{}</th>", column.align == Align::right ? " class=\"n\"" : "", column.heading);
  return table + "</tr>\n" + rows_ + "</table>\n";
}

}  // namespace pgvigil::agent
