#include "agent/config/config.h"

namespace pgvigil::agent {

std::map<std::string, std::string> labels_of(const Config& config, const ServerConfig& server) {
  auto labels = server.labels;
  labels.insert(config.labels.begin(), config.labels.end());
  if (!server.name.empty()) labels.insert_or_assign(std::string(k_target_label), server.name);
  return labels;
}

std::string title_of(ServerKind kind, const std::string& name) {
  if (kind == ServerKind::backups) return name.empty() ? "backups" : name + " backups";
  if (kind == ServerKind::patroni) return name.empty() ? "Patroni" : name + " Patroni";
  if (!name.empty()) return name;
  return kind == ServerKind::host ? "host" : "server";
}

bool watch_alike(const Config& one, const Config& other) {
  // Whatever is not named here matters to those who watch, also what will be added.
  Config same = one;
  same.http = other.http;
  same.query = other.query;
  same.log = other.log;
  same.state = other.state;
  same.history = other.history;
  same.rules = other.rules;
  same.servers = other.servers;
  same.max_total_series = other.max_total_series;
  same.probe = other.probe;
  same.auth_modules = other.auth_modules;
  same.host = other.host;
  same.advice = other.advice;
  same.thresholds = other.thresholds;
  return same == other;
}

}  // namespace pgvigil::agent
