#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/runtime/status.h"

namespace pgvigil::agent {

/// What the status page shows, as read at one moment.
struct StatusView {
  std::string version;
  std::string config_file;            ///< empty: the environment decides
  std::vector<std::string> mistakes;  ///< of a configuration that was refused; the one before stays in force
  bool up = false;
  ServerStatus server;
  std::vector<CollectorStatus> collectors;
  Timestamp now;
};

/// The page at "/": links, the server, and every collector with its state. Needs no script and nothing from outside.
std::string status_html(const StatusView& view);

/// The same as JSON, at "/status".
std::string status_json(const StatusView& view);

}  // namespace pgvigil::agent
