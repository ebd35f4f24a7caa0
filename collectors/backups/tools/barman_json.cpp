#include "collectors/backups/tools/barman_json.h"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "collectors/backups/files/json_text.h"
#include "collectors/model/instant.h"

namespace pgvigil::backups {
namespace {

Error no_answer(const std::string& what) {
  return {ErrorKind::query, "what barman wrote is " + what,
          "Run the same barman command by hand as the user of pgvigil."};
}

/// What stands below the server's name.
std::expected<Json, Error> part_of(std::string_view json, std::string_view server) {
  Json all = Json::parse(repaired(json).text, nullptr, false);
  if (all.is_discarded() || !all.is_object())
    return std::unexpected(no_answer(json.empty() ? "empty" : "no JSON"));
  if (const Json* errors = find(all, "_ERROR")) {
    const bool is_list = errors->is_array() && !errors->empty() && errors->front().is_string();
    return std::unexpected(
        no_answer("an error: " + (is_list ? errors->front().get<std::string>() : errors->dump())));
  }
  std::erase_if(all.get_ref<Json::object_t&>(), [](const auto& each) { return each.first.starts_with('_'); });
  if (server.empty() && all.size() == 1) return all.begin().value();
  if (server.empty()) return std::unexpected(no_answer("about " + std::to_string(all.size()) + " servers"));
  if (const Json* part = find(all, server)) return *part;
  return std::unexpected(no_answer("not about server '" + std::string(server) + "'"));
}

State state_of(const std::string& word) {
  if (word == "DONE") return State::complete;
  if (word == "WAITING_FOR_WALS") return State::waiting_for_wal;
  return word == "STARTED" || word == "SYNCING" ? State::running : State::failed;
}

/// The number of a backup is the time of its beginning, by the clock of Barman's host.
std::optional<Timestamp> time_of_id(const std::string& id) {
  std::tm parts{};
  if (strptime(id.c_str(), "%Y%m%dT%H%M%S", &parts) == nullptr) return std::nullopt;
  parts.tm_isdst = -1;
  return timestamp_of(std::int64_t{std::mktime(&parts)});
}

Backup read_backup(const Json& from) {
  Backup backup;
  backup.label = text_at(from, "backup_id").value_or("");
  const std::string type = text_at(from, "backup_type").value_or("full");
  backup.kind = type == "incremental" ? Kind::incremental : type == "snapshot" ? Kind::snapshot : Kind::full;
  const std::string status = text_at(from, "status").value_or("");
  backup.state = state_of(status);
  backup.why = "its status is " + status;
  backup.start = time_of_id(backup.label);
  backup.stop = epoch_at(from, "end_time_timestamp");
  if (backup.state == State::failed && !backup.stop) backup.stop = backup.start;
  backup.sizes.database = number_at(from, "size_bytes");
  // "-": no retention is set, and nothing is ever obsolete.
  if (const auto retention = text_at(from, "retention_status")) backup.expires = *retention == "OBSOLETE";
  return backup;
}

}  // namespace

std::expected<std::vector<Backup>, Error> parse_barman_backups(std::string_view json,
                                                               std::string_view server) {
  const auto list = part_of(json, server);
  if (!list) return std::unexpected(list.error());
  if (!list->is_array()) return std::unexpected(no_answer("no list of backups"));
  std::vector<Backup> backups;
  for (const Json& each : *list)
    backups.push_back(read_backup(each));
  std::ranges::stable_sort(backups, {}, &Backup::label);
  return backups;
}

std::expected<std::vector<Trouble>, Error> parse_barman_check(std::string_view json,
                                                              std::string_view server) {
  const auto checks = part_of(json, server);
  if (!checks) return std::unexpected(checks.error());
  std::vector<Trouble> failed;
  for (const auto& [name, check] : checks->items()) {
    if (text_at(check, "status") != "FAILED") continue;
    const std::string hint = text_at(check, "hint").value_or("");
    failed.push_back({Reason::check_failed, "barman check: " + name + (hint.empty() ? "" : ": " + hint)});
  }
  return failed;
}

std::expected<void, Error> parse_barman_backup(std::string_view json,
                                               std::string_view server,
                                               Backup& backup) {
  const auto shown = part_of(json, server);
  if (!shown) return std::unexpected(shown.error());
  const Json* base = find(*shown, "base_backup_information");
  if (base == nullptr) return std::unexpected(no_answer("nothing about a backup"));
  backup.wal_start = text_at(*base, "begin_wal").value_or("");
  backup.wal_stop = text_at(*base, "end_wal").value_or("");
  backup.lsn_start = text_at(*base, "begin_lsn").value_or("");
  if (const auto begun = epoch_at(*base, "begin_time_timestamp")) backup.start = begun;
  if (const auto encryption = text_at(*base, "encryption"))
    backup.encrypted = !encryption->empty() && *encryption != "None" && *encryption != "none";
  backup.system_identifier = number_at(*shown, "system_id");
  if (const auto version = number_at(*shown, "postgresql_version"))
    backup.postgres_version = std::to_string(*version / 10000);
  if (const Json* tablespaces = find(*shown, "tablespaces");
      tablespaces != nullptr && tablespaces->is_array()) {
    backup.tablespaces.emplace();
    for (const Json& each : *tablespaces)
      backup.tablespaces->push_back({.oid = text_at(each, "oid").value_or(""),
                                     .name = text_at(each, "name").value_or(""),
                                     .location = text_at(each, "location").value_or("")});
  }
  return {};
}

std::string parse_barman_wal_folder(std::string_view json, std::string_view server) {
  const auto shown = part_of(json, server);
  return shown ? text_at(*shown, "wals_directory").value_or("") : "";
}

}  // namespace pgvigil::backups
