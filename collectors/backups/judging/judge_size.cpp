#include <algorithm>

#include "collectors/backups/judging/case.h"

namespace pgvigil::backups {
namespace {

/// Sizes within half as much again are no jump.
constexpr double k_least_jump = 1.5;
constexpr double k_halved = 0.5;
/// What an empty database takes (7.4 MiB with 15, 7.7 MiB with 18), and what it takes to be worth a
/// comparison.
constexpr double k_empty_database = 8.0 * (1 << 20);
constexpr double k_least_compared = 64.0 * (1 << 20);
/// Below these a backup is suspicious. Files are copied as they are, but for unlogged and temporary tables. A
/// dump has no indexes, nor the dead rows; packed it may take a hundredth of the database.
constexpr double k_least_of_files = 0.5;
constexpr double k_least_of_dump = 0.05;
constexpr double k_least_packed = 0.01;

const Backup* newest_of(const Case& each) {
  const auto& backups = each.repository.backups;
  const auto newest = std::ranges::find(backups.rbegin(), backups.rend(), State::complete, &Backup::state);
  return newest == backups.rend() ? nullptr : &*newest;
}

/// What is compared with the databases: a size, and the least part of them that it should be.
struct Measure {
  double bytes = 0;
  double least = 0;
};

/// pgBackRest tells the size of the database with every backup; others do so with those that stand alone.
std::optional<Measure> measure_of(const Case& each, const Backup& backup) {
  const Sizes& sizes = backup.sizes;
  const Tool tool = each.source.tool;
  if (backup.kind == Kind::dump) {
    if (sizes.dumped) return Measure{static_cast<double>(*sizes.dumped), k_least_of_dump};
    if (sizes.repository_delta) return Measure{static_cast<double>(*sizes.repository_delta), k_least_packed};
    return std::nullopt;
  }
  if (!sizes.database || (tool != Tool::pgbackrest && !stands_alone(backup.kind))) return std::nullopt;
  // Barman tells what it stores, which may be packed.
  return Measure{static_cast<double>(*sizes.database),
                 tool == Tool::barman ? k_least_packed : k_least_of_files};
}

/// The bytes of those databases of the server that should be in the backup; of a dump without what is in each
/// empty one.
std::optional<double> wanted_bytes(const Case& each, const Backup& backup) {
  const LiveServer* server = each.evidence.server;
  if (server == nullptr || server->database_sizes.empty()) return std::nullopt;
  double bytes = 0;
  for (const auto& [name, size] : server->database_sizes) {
    const bool is_dump = backup.kind == Kind::dump;
    if (is_dump && std::ranges::find(backup.databases, name) == backup.databases.end()) continue;
    bytes +=
        is_dump ? std::max(0.0, static_cast<double>(size) - k_empty_database) : static_cast<double>(size);
  }
  return bytes < k_least_compared ? std::nullopt : std::optional(bytes);
}

std::string percent(double part) {
  const double shown = part * 100;
  return shown >= 10 ? std::to_string(static_cast<long>(shown)) : std::to_string(shown).substr(0, 4);
}

/// The size against the server. True when a change against the history is explained: the database is as big
/// as its backup.
bool judge_against_server(Case& each, const Backup& newest) {
  const auto measure = measure_of(each, newest);
  const auto wanted = measure ? wanted_bytes(each, newest) : std::nullopt;
  if (!wanted) return false;
  Verdict& verdict = each.verdict;
  verdict.size_to_database = measure->bytes / *wanted;
  verdict.least_size_to_database =
      each.source.policy.least_size > 0 ? each.source.policy.least_size : measure->least;
  const bool is_packed = measure->least == k_least_packed;
  const auto& trend = verdict.size;
  // Half of what it was, and the databases still hold at least what the backups before did: it is they that
  // have not shrunk.
  const double before = trend ? measure->bytes / trend->ratio : 0;
  const bool has_lost =
      !is_packed && trend && trend->jumped && trend->ratio<k_halved&& * wanted * k_least_jump> before;
  if (*verdict.size_to_database < verdict.least_size_to_database || has_lost)
    each.find({Reason::too_small, newest.label + " has " + percent(*verdict.size_to_database) +
                                      " % of the size of the databases" +
                                      (has_lost ? " and half of what it was" : "")});
  else if (newest.kind != Kind::dump && !is_packed)
    return *verdict.size_to_database > 1 / k_least_jump && *verdict.size_to_database < k_least_jump;
  return has_lost;
}

}  // namespace

void judge_size(Case& each) {
  const Backup* newest = newest_of(each);
  if (newest == nullptr) return;
  std::vector<double> sizes;
  std::vector<Point> growth;
  for (const Backup& backup : each.repository.backups) {
    if (backup.state != State::complete || backup.kind != newest->kind || !backup.sizes.any()) continue;
    sizes.push_back(static_cast<double>(*backup.sizes.any()));
    if (backup.stop)
      growth.push_back(
          {std::chrono::duration<double>(backup.stop->time_since_epoch()).count(), sizes.back()});
  }
  Verdict& verdict = each.verdict;
  verdict.size = trend_of(sizes, k_least_jump);
  verdict.size_growth = slope_of(growth);
  const bool is_explained = judge_against_server(each, *newest);
  if (!verdict.size || !verdict.size->jumped || is_explained) return;
  each.find(
      {Reason::size_jumped, newest->label + " has " + percent(verdict.size->ratio) + " % of the usual size"});
}

}  // namespace pgvigil::backups
