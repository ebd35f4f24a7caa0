#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/commands/commands.h"
#include "agent/commands/print.h"
#include "agent/config/load.h"
#include "agent/watching/target/backup_fetch.h"
#include "collectors/backups/files/json_text.h"
#include "collectors/backups/source_watch.h"

namespace pgvigil::agent {
namespace {

using backups::Answer;
using backups::SourceWatch;
using backups::Trouble;
using backups::Verdict;
using nlohmann::json;

constexpr std::string_view k_usage =
    R"(Tells whether the database can be restored, to when, and how that is known.

usage: pgvigil backup status [--format text|json] [--config FILE] [--backup NAME]

  --format FORMAT  text: a table, and below it the reasons and the way out (the default); json
  --config FILE    the configuration: its [[backup]] say where to look
  --backup NAME    only this one of several

exit status: 0 every repository is recoverable; 1 one is not; 2 of one it cannot be told; 64 wrong usage or configuration
)";

constexpr int k_wrong_usage = 64;
/// Beyond the time of the tool: for the server and the file systems.
constexpr std::chrono::seconds k_grace{15};

struct Judged {
  std::string target;
  std::string backup;
  std::string_view tool;
  Verdict verdict;
};

std::vector<Judged> look(const Config& config, const std::optional<std::string>& name) {
  std::vector<Judged> all;
  for (const ServerConfig& server : config.servers)
    for (const backups::Source& source : server.backups.sources) {
      if (name && source.name != *name) continue;
      SourceWatch watch(source, server.backups.server, backup_fetch());
      const auto now = std::chrono::system_clock::now();
      watch.look(now, std::chrono::steady_clock::now() + source.timeout + k_grace, {});
      for (Verdict& verdict : watch.verdicts(now))
        all.push_back({server.name, source.name, to_string(source.tool), std::move(verdict)});
    }
  return all;
}

std::string time_or_dash(const std::optional<Timestamp>& time) {
  return time ? backups::time_text(*time) : "-";
}

std::string age_or_dash(const Verdict& verdict, Timestamp now) {
  const auto newest = verdict.newest.find("any");
  if (newest == verdict.newest.end()) return "-";
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(now - newest->second).count();
  if (minutes < 120) return fmt::format("{} min", minutes);
  return minutes < 2880 ? fmt::format("{} h", minutes / 60) : fmt::format("{} d", minutes / 1440);
}

std::string answer_text(Answer answer) {
  if (answer == Answer::recoverable) return "recoverable";
  return answer == Answer::not_recoverable ? "NOT recoverable" : "cannot tell";
}

void print_trouble(std::string_view sign, const Trouble& trouble) {
  fmt::print("  {} {} ({})\n    {}\n", sign, trouble.text, to_string(trouble.reason),
             way_out(trouble.reason));
}

/// A deadline that is learned comes late: half a pause after the backup that did not run.
void print_proposals(const std::vector<Judged>& all) {
  std::set<std::string> told;
  for (const Judged& each : all) {
    const auto& cadence = each.verdict.cadence;
    if (!cadence || cadence->proposal.empty() || !told.insert(each.backup).second) continue;
    fmt::print(
        "\n{}: going by those before, the next is late from {} on. They look as if they followed a schedule; "
        "with this\n"
        "line in its policy one that does not run is told sooner:\n    schedule = \"{}\"\n",
        each.backup, backups::time_text(cadence->deadline), cadence->proposal);
  }
}

void print_text(const std::vector<Judged>& all) {
  const auto now = std::chrono::system_clock::now();
  std::vector<std::vector<std::string>> rows = {
      {"server", "backup", "repository", "verdict", "until", "newest backup", "restored last"}};
  const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  for (const Judged& each : all)
    rows.push_back({or_dash(each.target), each.backup, or_dash(each.verdict.repository),
                    answer_text(each.verdict.answer), time_or_dash(each.verdict.until),
                    age_or_dash(each.verdict, now), time_or_dash(each.verdict.restored)});
  fmt::print("{}", aligned(rows));
  for (const Judged& each : all) {
    const Verdict& verdict = each.verdict;
    if (verdict.answer == Answer::recoverable && verdict.findings.empty()) continue;
    fmt::print("\n{}{}: {}\n", each.backup,
               verdict.repository.empty() ? "" : ", repository " + verdict.repository, sentence(verdict));
    if (verdict.answer != Answer::recoverable) print_trouble("!", verdict.because);
    for (const Trouble& finding : verdict.findings)
      print_trouble("-", finding);
  }
  print_proposals(all);
}

json json_of(const Trouble& trouble) {
  return {
      {"reason", to_string(trouble.reason)}, {"text", trouble.text}, {"way_out", way_out(trouble.reason)}};
}

json json_of(const std::optional<Timestamp>& time) {
  return time ? json(backups::time_text(*time)) : json(nullptr);
}

template <typename T>
json json_of(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

json running_of(const Verdict& verdict) {
  return {{"runs", verdict.runs},
          {"seconds", json_of(verdict.running_seconds)},
          {"progress", json_of(verdict.progress)},
          {"expected_end", json_of(verdict.expected_end)}};
}

json by_type(const std::map<backups::Kind, Timestamp>& times) {
  json all = json::object();
  for (const auto& [kind, time] : times)
    all[std::string(to_string(kind))] = backups::time_text(time);
  return all;
}

json json_of(const Judged& judged) {
  const Verdict& verdict = judged.verdict;
  json newest = json::object();
  for (const auto& [type, stop] : verdict.newest)
    newest[std::string(type)] = backups::time_text(stop);
  json findings = json::array();
  for (const Trouble& finding : verdict.findings)
    findings.push_back(json_of(finding));
  return {{"target", judged.target},
          {"backup", judged.backup},
          {"tool", judged.tool},
          {"repository", verdict.repository},
          {"verdict", to_string(verdict.answer)},
          {"sentence", sentence(verdict)},
          {"because", verdict.answer == Answer::recoverable ? json(nullptr) : json_of(verdict.because)},
          {"findings", std::move(findings)},
          {"until", json_of(verdict.until)},
          {"since", json_of(verdict.since)},
          {"basis", verdict.basis},
          {"newest", std::move(newest)},
          {"last_attempt", json_of(verdict.last_attempt)},
          {"next_expected",
           verdict.cadence ? json(backups::time_text(verdict.cadence->expected)) : json(nullptr)},
          {"next_deadline",
           verdict.cadence ? json(backups::time_text(verdict.cadence->deadline)) : json(nullptr)},
          {"proposed_schedule", verdict.cadence && !verdict.cadence->proposal.empty()
                                    ? json(verdict.cadence->proposal)
                                    : json(nullptr)},
          {"wal_missing_segments", verdict.wal_missing},
          {"encrypted", json_of(verdict.encrypted)},
          {"key_expires", json_of(verdict.key_expires)},
          {"databases_missing", verdict.databases_missing},
          {"tablespaces_missing", json_of(verdict.tablespaces_missing)},
          {"running", running_of(verdict)},
          {"size_to_database", json_of(verdict.size_to_database)},
          {"window_seconds", json_of(verdict.window_seconds)},
          {"oldest", json_of(verdict.oldest)},
          {"sound_after_expiry", json_of(verdict.after_expiry)},
          {"place", to_string(verdict.place)},
          {"immutable", json_of(verdict.immutable)},
          {"restored", json_of(verdict.restored)},
          {"restore_seconds", json_of(verdict.restore_seconds)},
          {"restored_by_type", by_type(verdict.restored_by_kind)},
          {"verified_by_type", by_type(verdict.verified_by_kind)}};
}

void print_json(const std::vector<Judged>& all) {
  json list = json::array();
  for (const Judged& each : all)
    list.push_back(json_of(each));
  fmt::print("{}\n", list.dump(2, ' ', false, json::error_handler_t::replace));
}

int exit_status(const std::vector<Judged>& all) {
  const auto any = [&](Answer answer) {
    return std::ranges::any_of(all, [answer](const Judged& each) { return each.verdict.answer == answer; });
  };
  if (any(Answer::not_recoverable)) return 1;
  return any(Answer::unknown) ? 2 : 0;
}

int wrong(std::string_view complaint) {
  wrong_usage("backup", complaint);
  return k_wrong_usage;
}

int backup(Arguments arguments) {
  const auto format = arguments.option("--format").value_or("text");
  const auto file = arguments.option("--config");
  const auto name = arguments.option("--backup");
  const auto action = arguments.word();
  if (const auto complaint = arguments.complaint(); !complaint.empty()) return wrong(complaint);
  if (action != "status")
    return wrong(action ? "there is no '" + *action + "'" : "what? 'status' is all there is");
  if (format != "text" && format != "json") return wrong("--format is text or json, not '" + format + "'");
  const auto config = load_config(file);
  if (!config) {
    for (const Diagnostic& mistake : config.error())
      fmt::print(stderr, "{}\n", to_string(mistake));
    return k_wrong_usage;
  }
  const auto all = look(*config, name);
  if (all.empty()) {
    fmt::print(stderr, "pgvigil backup: {}\n",
               name ? "no [[backup]] is called '" + *name + "'" : "the configuration names no [[backup]]");
    return k_wrong_usage;
  }
  format == "json" ? print_json(all) : print_text(all);
  return exit_status(all);
}

}  // namespace

const Command k_backup_command{"backup", "tell whether the database can be restored, and to when", k_usage,
                               backup};

}  // namespace pgvigil::agent
