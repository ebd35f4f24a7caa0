#include "collectors/backups/tools/cloudnativepg_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "collectors/backups/files/json_text.h"
#include "collectors/backups/model/schedule.h"

namespace pgvigil::backups {
namespace {

const Json& part(const Json& object, std::string_view key) {
  static const Json k_nothing = Json::object();
  const Json* found = find(object, key);
  return found == nullptr ? k_nothing : *found;
}

std::string name_of(const Json& object) {
  return text_at(part(object, "metadata"), "name").value_or("");
}

State state_of(const std::string& phase) {
  if (phase == "completed") return State::complete;
  const bool has_failed =
      phase == "failed" || phase == "walArchivingFailing" || phase == "invalid backup definition";
  return has_failed ? State::failed : State::running;
}

Backup read_backup(const Json& object) {
  const Json& status = part(object, "status");
  Backup backup;
  backup.label = name_of(object);
  backup.kind = text_at(status, "method") == "volumeSnapshot" ? Kind::snapshot : Kind::full;
  const std::string phase = text_at(status, "phase").value_or("pending");
  backup.state = state_of(phase);
  backup.why = text_at(status, "error").value_or("its phase is " + phase);
  backup.start = time_at(status, "startedAt");
  if (!backup.start) backup.start = time_at(part(object, "metadata"), "creationTimestamp");
  backup.stop = time_at(status, "stoppedAt");
  if (!backup.stop && backup.state == State::failed) backup.stop = backup.start;
  backup.wal_start = text_at(status, "beginWal").value_or("");
  backup.wal_stop = text_at(status, "endWal").value_or("");
  backup.lsn_start = text_at(status, "beginLSN").value_or("");
  backup.lsn_stop = text_at(status, "endLSN").value_or("");
  return backup;
}

/// The operator tells itself whether WAL arrives, and since when.
void read_cluster(const Json& object, Repository& repository) {
  for (const Json& condition : part(part(object, "status"), "conditions")) {
    if (text_at(condition, "type") != "ContinuousArchiving") continue;
    repository.archives_elsewhere = text_at(condition, "status") == "True";
    if (!repository.archives_elsewhere)
      repository.checks.push_back(
          {Reason::check_failed,
           "ContinuousArchiving: " + text_at(condition, "message").value_or("it fails")});
  }
  repository.first_recoverable = time_at(part(object, "status"), "firstRecoverabilityPoint");
}

/// Backups of a plugin may have been taken before their objects were made, or lost with them.
void read_store(const Json& object, const std::string& cluster, Repository& repository) {
  const Json& window = part(part(part(object, "status"), "serverRecoveryWindow"), cluster);
  if (const auto first = time_at(window, "firstRecoverabilityPoint")) repository.first_recoverable = first;
  const auto failed = time_at(window, "lastFailedBackupTime");
  const auto good = time_at(window, "lastSuccessfulBackupTime");
  if (failed && (!good || *failed > *good))
    repository.checks.push_back(
        {Reason::last_failed, "the last backup in " + name_of(object) + " failed at " + time_text(*failed)});
}

/// The operator's cron begins with the seconds, and the day of the week, at the end, may be left out.
std::expected<Schedule, Error> parse_schedule(const std::string& text) {
  const bool has_fields = !text.starts_with('@');
  const auto blanks = std::ranges::count(text, ' ');
  return Schedule::parse(has_fields && blanks == 4 ? text + " *" : text);
}

/// The operator counts on from its last check, also when the schedule was changed meanwhile; what it once
/// noted as the next time stands in for a schedule that is not understood (a time zone, "@every").
Timetable read_timetable(const Json& object) {
  const Json& spec = part(object, "spec");
  const Json& status = part(object, "status");
  Timetable timetable;
  timetable.name = name_of(object);
  const Json* suspend = find(spec, "suspend");
  timetable.suspended = suspend != nullptr && suspend->is_boolean() && suspend->get<bool>();
  timetable.last = time_at(status, "lastScheduleTime");
  timetable.next = time_at(status, "nextScheduleTime");
  const auto checked = time_at(status, "lastCheckTime");
  const auto from = checked ? checked : time_at(part(object, "metadata"), "creationTimestamp");
  if (auto schedule = parse_schedule(text_at(spec, "schedule").value_or(""))) timetable.schedule = *schedule;
  if (from && timetable.schedule) timetable.next = timetable.schedule->next(*from);
  return timetable;
}

/// The items of a list, into `all`. In lists of the API server an item may leave its kind to the list
/// ("BackupList").
bool take_items(std::string_view json, Json& all) {
  const Json list = Json::parse(repaired(json).text, nullptr, false);
  const Json* items = list.is_discarded() ? nullptr : find(list, "items");
  if (items == nullptr || !items->is_array()) return false;
  std::string kind = text_at(list, "kind").value_or("");
  if (kind.ends_with("List")) kind.resize(kind.size() - 4);
  for (Json object : *items) {
    if (object.is_object() && !object.contains("kind") && !kind.empty()) object["kind"] = kind;
    all.push_back(std::move(object));
  }
  return true;
}

std::string cluster_of(const Json& object) {
  const auto kind = text_at(object, "kind");
  if (kind == "Cluster") return name_of(object);
  return kind == "Backup" || kind == "ScheduledBackup"
             ? text_at(part(part(object, "spec"), "cluster"), "name").value_or("")
             : "";
}

}  // namespace

std::expected<Reading, Error> parse_cloudnativepg(std::string_view json, std::string_view cluster) {
  const std::string list(json);
  return parse_cloudnativepg(std::span(&list, 1), cluster);
}

std::expected<Reading, Error> parse_cloudnativepg(std::span<const std::string> lists,
                                                  std::string_view cluster) {
  Json items = Json::array();
  for (const std::string& list : lists)
    if (!take_items(list, items))
      return std::unexpected(
          Error{ErrorKind::query, "this is no list of Kubernetes objects",
                "It is written by `kubectl get clusters,backups,scheduledbackups,objectstores -o json`."});
  std::set<std::string> clusters;
  for (const Json& object : items)
    if (std::string name = cluster_of(object); !name.empty()) clusters.insert(std::move(name));
  if (cluster.empty() && clusters.size() > 1)
    return std::unexpected(Error{ErrorKind::configuration,
                                 "there are " + std::to_string(clusters.size()) + " clusters",
                                 "Name the one that is meant: [[backup]] stanza."});
  const std::string wanted = cluster.empty() && !clusters.empty() ? *clusters.begin() : std::string(cluster);
  Reading reading;
  reading.stanza = wanted;
  reading.repaired =
      std::ranges::any_of(lists, [](const std::string& list) { return repaired(list).repaired; });
  Repository repository;
  for (const Json& object : items) {
    const auto kind = text_at(object, "kind");
    if (kind == "ObjectStore") read_store(object, wanted, repository);
    if (cluster_of(object) != wanted) continue;
    if (kind == "Cluster") read_cluster(object, repository);
    if (kind == "ScheduledBackup") repository.timetables.push_back(read_timetable(object));
    if (kind == "Backup") repository.backups.push_back(read_backup(object));
  }
  std::ranges::stable_sort(repository.backups, {}, &Backup::start);
  reading.repositories.push_back(std::move(repository));
  return reading;
}

}  // namespace pgvigil::backups
