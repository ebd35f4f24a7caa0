#include "agent/advice/report.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/advice/advice_json.h"
#include "rules/advice/catalog.h"
#include "rules/advice/sql.h"
#include "rules/advice/words.h"

namespace pgvigil::agent {
namespace {

using namespace rules::advice;

bool is_proven(const Advice& advice) {
  return advice.unproven_for.count() == 0;
}

/// A title before the first line, spaces before all others.
std::string block(std::string_view title, std::string_view text) {
  constexpr std::size_t k_indent = 12;
  std::string result = "    " + std::string(title);
  result.resize(k_indent, ' ');
  for (const char c : text) {
    result += c;
    if (c == '\n') result += std::string(k_indent, ' ');
  }
  return result + "\n";
}

std::string text_of(const Advice& advice) {
  std::string text = "  " + to_string(advice.object) + "\n";
  text += block("impact",
                advice.impact.words + ". Confidence: " + std::string(to_string(advice.confidence)) + ".");
  text += block("why", advice.why);
  for (const std::string& doubt : advice.doubts)
    text += block("but", doubt);
  text += block(advice.fix.needs_thought ? "think" : "fix", advice.fix.text);
  text += block("undo", advice.undo);
  return text + block("id", advice.id);
}

std::string advised(const Report& report) {
  std::string text;
  for (const Opinion& opinion : report.opinions) {
    std::string findings;
    std::size_t count = 0;
    for (const Advice& advice : opinion.advice)
      if (is_proven(advice)) {
        findings += (count > 0 ? "\n" : "") + text_of(advice);
        ++count;
      }
    if (count == 0) continue;
    const Advisor* advisor = find_advisor(opinion.kind);
    text += "\n" + opinion.kind + " (" + std::to_string(count) +
            "): " + (advisor == nullptr ? "" : std::string(advisor->title)) + "\n" + findings;
  }
  return text.empty() ? "\nNothing to advise.\n" : text;
}

/// What one look cannot prove.
std::string too_early(const Report& report) {
  std::string text;
  for (const Opinion& opinion : report.opinions)
    for (const Advice& advice : opinion.advice)
      if (!is_proven(advice))
        text += "  " + opinion.kind + ": " + to_string(advice.object) + ": " + advice.why +
                " It must be so for " + time_words(advice.unproven_for) + ".\n";
  return text.empty() ? "" : "\nToo early to tell:\n" + text;
}

std::string not_seen(const Report& report) {
  std::string text;
  for (const Opinion& opinion : report.opinions) {
    if (opinion.blind) text += "  " + opinion.kind + ": " + *opinion.blind + "\n";
    for (const std::string& sentence : opinion.unsure)
      text += "  " + opinion.kind + ": " + sentence + "\n";
  }
  return text.empty() ? "" : "\nNot looked at:\n" + text;
}

std::string sql_of(const Advice& advice) {
  std::string text =
      "\n" +
      commented(advice.kind + ": " + to_string(advice.object) + "\n" + advice.why + "\n" +
                advice.impact.words + ". Confidence: " + std::string(to_string(advice.confidence)) +
                ". Id: " + advice.id + ".") +
      "\n";
  for (const std::string& doubt : advice.doubts)
    text += commented("But: " + doubt) + "\n";
  if (advice.fix.needs_thought)
    text += "-- Think first:\n" + commented(advice.fix.text) + "\n";
  else
    text += advice.fix.text + "\n";
  return text + commented("Undo: " + advice.undo) + "\n";
}

/// \connect with a name that psql takes as it stands.
std::string connect(const std::string& database) {
  std::string quoted;
  for (const char c : database)
    quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return "\n\\connect \"" + quoted + "\"\nSET lock_timeout = '5s';\n";
}

}  // namespace

bool has_advice(const Report& report) {
  for (const Opinion& opinion : report.opinions)
    if (std::ranges::any_of(opinion.advice, is_proven)) return true;
  return false;
}

std::string as_text(const Report& report) {
  return report.about + "\n" + advised(report) + too_early(report) + not_seen(report);
}

std::string as_sql(const Report& report) {
  std::map<std::string, std::string>
      by_database;  // those of the server as a whole have no database, and come first
  for (const Opinion& opinion : report.opinions)
    for (const Advice& advice : opinion.advice)
      if (is_proven(advice)) by_database[advice.object.datname] += sql_of(advice);
  std::string text =
      commented("What pgvigil advises for " + report.about +
                ".\nRead it before you run it, with psql -X -f: nothing here is in a transaction.") +
      "\n\\set ON_ERROR_STOP on\n";
  for (const auto& [database, statements] : by_database)
    text += (database.empty() ? "\nSET lock_timeout = '5s';\n" : connect(database)) + statements;
  return text + (by_database.empty() ? "-- Nothing to advise.\n" : "");
}

std::string as_json(const std::vector<Report>& reports) {
  nlohmann::json list = nlohmann::json::array();
  for (const Report& report : reports) {
    nlohmann::json opinions = nlohmann::json::array();
    for (const Opinion& opinion : report.opinions)
      opinions.push_back(as_json(opinion));
    list.push_back({{"server", report.server}, {"about", report.about}, {"opinions", std::move(opinions)}});
  }
  return list.dump(2) + "\n";
}

}  // namespace pgvigil::agent
