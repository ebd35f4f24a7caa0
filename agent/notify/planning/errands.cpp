#include "agent/notify/planning/errands.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pgvigil::agent::notify {
namespace {

using namespace std::chrono_literals;

/// What is seen later says little about when it fired.
constexpr auto k_too_late = 10min;
constexpr unsigned k_most_looks = 2;
/// Of an alert over many servers.
constexpr std::size_t k_most_servers = 4;

std::string why_abandoned(const Alert& alert, Timestamp now) {
  if (!alert.fires()) return "the alert ended before";
  if (now - alert.dossier.since > k_too_late) return "nobody could look in time";
  return alert.dossier.looks >= k_most_looks ? "pgvigil ended twice while it looked" : "";
}

}  // namespace

Errands errands_of(const std::map<std::string, Alert>& alerts,
                   const std::function<std::vector<std::string>(const promql::Labels&,
                                                                const std::string& evidence)>& servers_of,
                   const std::set<std::string>& of_database,
                   Timestamp now) {
  std::map<std::pair<std::string, Question>, std::vector<std::string>> looks;
  Errands errands;
  for (const auto& [fingerprint, alert] : alerts) {
    if (alert.dossier.is_complete()) continue;
    if (std::string why = why_abandoned(alert, now); !why.empty()) {
      errands.abandoned.push_back({fingerprint, std::move(why)});
      continue;
    }
    bool somewhere = false;
    for (const std::string& name : alert.dossier.wanted) {
      std::vector<std::string> servers = servers_of(*alert.labels, name);
      servers.resize(std::min(servers.size(), k_most_servers));
      somewhere = somewhere || !servers.empty();
      const std::string_view database = of_database.contains(name) ? alert.labels->get("datname") : "";
      for (const std::string& server : servers)
        looks[{server, {name, std::string(database)}}].push_back(fingerprint);
    }
    if (!somewhere) errands.abandoned.push_back({fingerprint, "nothing is watched that it may be about"});
  }
  for (auto& [what, wanting] : looks)
    errands.looks.push_back({what.first, what.second, std::move(wanting)});
  return errands;
}

}  // namespace pgvigil::agent::notify
