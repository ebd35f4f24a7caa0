#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "agent/judge/rule_runner.h"
#include "agent/watching/status.h"

namespace pgvigil::agent {

/// One server on it.
struct ServerView {
  std::string name;  ///< empty for the only one
  std::map<std::string, std::string> labels;
  bool configured = true;  ///< or watched because /probe asks for it
  bool up = false;
  ServerStatus server;
  std::vector<CollectorStatus> collectors;
};

/// An alert on it.
struct AlertView {
  std::string name;
  std::string severity;
  std::string state;  ///< "pending" or "firing"
  Timestamp since;    ///< of that state
  std::optional<Timestamp> unknown_since;
  double value = 0;
  promql::LabelsPtr labels;
  std::string summary;
  std::vector<std::string> told;  ///< for each receiver: that it was told, or why not
};

/// The alerts on it: 200 at most.
struct AlertsView {
  std::vector<AlertView> alerts;  ///< firing ones first, by severity and name
  std::size_t left_out = 0;
};

AlertsView alerts_view(const std::vector<GroupStatus>& groups);

/// What the status page shows, as read at one moment.
struct StatusView {
  std::string version;
  std::string config_file;            ///< empty: the environment decides
  std::vector<std::string> mistakes;  ///< of a configuration that was refused; the one before stays in force
  std::vector<std::string> warnings;  ///< of the user's rules
  std::vector<std::string> receivers_in_trouble;
  AlertsView alerts;
  std::vector<ServerView> servers;
  std::vector<ServerView> probed;  ///< watched because /probe asks for them
  Timestamp now;
};

/// The page at "/": links, alerts and who was told, each server, and every collector with its state. Needs no
/// script and nothing from outside.
std::string status_html(const StatusView& view);

/// The same as JSON, at "/status": {"servers": [{"name", "server", "collectors"}], "probed": [...]}. With one
/// server, the host not counted, the keys "server" and "collectors" are there as well.
std::string status_json(const StatusView& view);

}  // namespace pgvigil::agent
