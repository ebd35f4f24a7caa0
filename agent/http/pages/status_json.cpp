#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "agent/http/pages/status_page.h"

namespace pgvigil::agent {
namespace {

using nlohmann::json;

double seconds(Timestamp at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

json json_of(const Error& error) {
  return {{"kind", to_string(error.kind)}, {"message", error.message}, {"hint", error.hint}};
}

json json_of(const std::optional<Timestamp>& at) {
  return at ? json(seconds(*at)) : json(nullptr);
}

json json_of(const CollectorStatus& collector) {
  json failures = json::object();
  for (const auto& [kind, count] : collector.failures)
    failures[std::string(to_string(kind))] = count;
  return {{"name", collector.name},
          {"help", collector.help},
          {"state", to_string(collector.state)},
          {"message", collector.message},
          {"mend", collector.mend},
          {"every_seconds", std::chrono::duration<double>(collector.every).count()},
          {"slowdown", collector.slowdown},
          {"last_success", json_of(collector.last_success)},
          {"last_seconds", collector.last_seconds},
          {"database_seconds", collector.database_seconds},
          {"runs", collector.runs},
          {"failures", std::move(failures)},
          {"rows", collector.rows},
          {"series", collector.series},
          {"skipped_relations", collector.left_out.skipped},
          {"aggregated_rows", collector.left_out.aggregated},
          {"series_dropped", collector.series_dropped},
          {"series_over_total", collector.left_out.over_total}};
}

json json_of(const ServerStatus& server, bool up) {
  json shown = {
      {"kind", word_of(server.kind)},
      {"up", up},
      {"trouble", server.trouble ? json_of(*server.trouble) : json(nullptr)},
      {"trouble_since", json_of(server.trouble_since)},
      {"new_sessions_refused", server.canary_trouble ? json_of(*server.canary_trouble) : json(nullptr)},
      {"connections", server.connections},
      {"database_share", server.database_share},
      {"connect_seconds", server.connect_seconds}};
  if (server.databases_watched) {
    json troubled = json::array();
    for (const DatabaseTrouble& trouble : server.databases_in_trouble) {
      json one = json_of(trouble.error);
      one["database"] = trouble.database;
      one["collector"] = trouble.collector;
      one["since"] = seconds(trouble.since);
      troubled.push_back(std::move(one));
    }
    shown["databases_watched"] = *server.databases_watched;
    shown["databases_in_trouble"] = std::move(troubled);
    shown["tour_seconds"] = server.tour_seconds;
  }
  if (const auto& advice = server.advice)
    shown["advice"] = {{"runs", advice->runs},
                       {"failures", advice->failures},
                       {"last_seconds", advice->last_seconds},
                       {"last_success", json_of(advice->last_success)},
                       {"trouble", advice->trouble},
                       {"findings", advice->findings},
                       {"blind", advice->blind}};
  if (server.certificates_end) shown["certificates_end"] = seconds(*server.certificates_end);
  if (const auto& facts = server.facts)
    shown["facts"] = {{"version", facts->short_version},
                      {"role", to_string(facts->role)},
                      {"user", facts->user},
                      {"database", facts->database},
                      {"databases", facts->databases},
                      {"postmaster_start", seconds(facts->postmaster_start)},
                      {"system_identifier", facts->system_identifier}};
  return shown;
}

json json_of(const AlertView& alert) {
  return {{"name", alert.name},
          {"severity", alert.severity},
          {"state", alert.state},
          {"since", seconds(alert.since)},
          {"unknown_since", json_of(alert.unknown_since)},
          {"value", alert.value},
          {"labels", promql::to_string(*alert.labels)},
          {"summary", alert.summary},
          {"told", alert.told}};
}

json json_of(const ServerView& view) {
  json collectors = json::array();
  for (const CollectorStatus& collector : view.collectors)
    collectors.push_back(json_of(collector));
  return {{"name", view.name},
          {"labels", view.labels},
          {"server", json_of(view.server, view.up)},
          {"collectors", std::move(collectors)}};
}

}  // namespace

std::string status_json(const StatusView& view) {
  json page = {{"version", view.version},          {"config_file", view.config_file},
               {"config_mistakes", view.mistakes}, {"now", seconds(view.now)},
               {"rule_warnings", view.warnings},   {"receivers_in_trouble", view.receivers_in_trouble},
               {"alerts", json::array()},          {"servers", json::array()},
               {"probed", json::array()}};
  page["alerts_left_out"] = view.alerts.left_out;
  for (const AlertView& alert : view.alerts.alerts)
    page["alerts"].push_back(json_of(alert));
  for (const ServerView& server : view.servers)
    page["servers"].push_back(json_of(server));
  for (const ServerView& server : view.probed)
    page["probed"].push_back(json_of(server));
  const auto is_aside = [](const ServerView& server) { return is_local(server.server.kind); };
  const auto first = std::ranges::find_if_not(view.servers, is_aside);
  if (std::ranges::count_if(view.servers, std::not_fn(is_aside)) == 1)
    for (const char* key : {"server", "collectors"})
      page[key] = page["servers"][static_cast<std::size_t>(first - view.servers.begin())][key];
  return page.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace pgvigil::agent
