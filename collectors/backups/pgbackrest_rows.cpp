#include "collectors/backups/pgbackrest_rows.h"

#include <algorithm>
#include <array>
#include <ctime>

namespace pgvigil::backups {
namespace {

using collectors::TextRows;

std::string_view type_word(Kind kind) {
  if (kind == Kind::differential) return "diff";
  return kind == Kind::incremental ? "incr" : "full";
}

/// "2026-11-23 03:02:57", as the exporter writes it in the zone UTC.
std::string date_text(std::optional<Timestamp> time) {
  if (!time) return "";
  const std::time_t seconds = std::chrono::system_clock::to_time_t(*time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts)};
}

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

auto seconds_between(Timestamp from, Timestamp to) {
  return std::chrono::floor<std::chrono::seconds>(to - from).count();
}

/// Where the tool gives no number the exporter gives 0.
std::string or_zero(const std::optional<std::uint64_t>& number) {
  return std::to_string(number.value_or(0));
}

/// Sets what the metrics of one backup and of a last backup have in common; the columns of the latter begin
/// with "last_".
void set_sizes(const Backup& backup, const std::string& prefix, TextRows& rows) {
  const Sizes& sizes = backup.sizes;
  rows.set("block_incr", backup.block_incremental ? "y" : "n");
  if (backup.start && backup.stop)
    rows.set(prefix + "duration", std::to_string(seconds_between(*backup.start, *backup.stop)));
  rows.set(prefix + "size", or_zero(sizes.database));
  rows.set(prefix + "delta", or_zero(sizes.delta));
  rows.set(prefix + "repo_size", or_zero(sizes.repository));
  rows.set(prefix + "repo_size_map", or_zero(sizes.repository_map));
  rows.set(prefix + "repo_delta", or_zero(sizes.repository_delta));
  rows.set(prefix + "repo_delta_map", or_zero(sizes.repository_delta_map));
  if (backup.error) rows.set(prefix + "error", *backup.error ? "1" : "0");
  rows.set(prefix + "annotations", std::to_string(backup.annotations.size()));
  if (!backup.databases.empty()) rows.set(prefix + "databases", std::to_string(backup.databases.size()));
}

class StanzaRows {
 public:
  StanzaRows(const Reading& reading, Timestamp now, TextRows& rows)
      : reading_(reading), now_(now), rows_(rows) {}

  void add() {
    add_stanza();
    for (const Repository& repository : reading_.repositories) {
      add_repository(repository);
      for (const Archive& archive : repository.archives)
        add_archive(repository, archive);
      for (const Backup& backup : repository.backups)
        add_backup(repository, backup);
    }
    add_last();
  }

 private:
  void begin() {
    rows_.add_row();
    rows_.set("stanza", reading_.stanza);
  }

  void add_stanza() {
    begin();
    rows_.set("exporter_status", reading_.status ? "1" : "0");
    if (!reading_.status) return;
    rows_.set("stanza_status", std::to_string(*reading_.status));
    const Activity& activity = reading_.activity;
    rows_.set("backup_lock", activity.backup ? "1" : "0");
    rows_.set("backup_done", or_zero(activity.done));
    rows_.set("backup_total", or_zero(activity.size));
    rows_.set("restore_lock", activity.restore ? "1" : "0");
    rows_.set("restore_done", or_zero(activity.restore_done));
    rows_.set("restore_total", or_zero(activity.restore_size));
    rows_.add_row();
    rows_.set("exporter_info", "1");
    rows_.set("version", "0.23.0");
    const std::array<std::string_view, 6> unknown = {"branch",    "goarch",   "goos",
                                                     "goversion", "revision", "tags"};
    for (const std::string_view label : unknown)
      rows_.set(label, "unknown");
    if (const auto version = number_of_version()) rows_.set("version_info", std::to_string(*version));
  }

  /// 2.45 is 2045000, 2.59.1 is 2059001: as `pgbackrest version --output=num`.
  std::optional<long> number_of_version() const {
    std::array<long, 3> parts{};
    std::size_t at = 0;
    for (const char c : reading_.tool_version) {
      if (c == '.' && ++at == parts.size()) return std::nullopt;
      if (c == '.') continue;
      if (c < '0' || c > '9') break;
      parts.at(at) = std::min(parts.at(at) * 10 + (c - '0'), 999L);
    }
    if (parts[0] == 0) return std::nullopt;
    return parts[0] * 1'000'000 + parts[1] * 1'000 + parts[2];
  }

  void add_repository(const Repository& repository) {
    if (!repository.status) return;
    begin();
    rows_.set("repo_key", repository.key);
    rows_.set("cipher", repository.cipher);
    rows_.set("repo_status", std::to_string(*repository.status));
  }

  void add_archive(const Repository& repository, const Archive& archive) {
    begin();
    rows_.set("repo_key", repository.key);
    rows_.set("database_id", std::to_string(archive.database_id));
    rows_.set("pg_version", archive.postgres_version);
    rows_.set("wal_min", archive.min);
    rows_.set("wal_max", archive.max);
    rows_.set("wal_status", archive.min.empty() || archive.max.empty() ? "0" : "1");
  }

  void name(const Repository& repository, const Backup& backup) {
    begin();
    rows_.set("backup_name", backup.label);
    rows_.set("backup_type", std::string(type_word(backup.kind)));
    rows_.set("block_incr", backup.block_incremental ? "y" : "n");
    rows_.set("database_id", std::to_string(backup.database_id));
    rows_.set("repo_key", repository.key);
  }

  void add_backup(const Repository& repository, const Backup& backup) {
    name(repository, backup);
    rows_.set("info", "1");
    rows_.set("backrest_ver", backup.tool_version);
    rows_.set("lsn_start", or_dash(backup.lsn_start));
    rows_.set("lsn_stop", or_dash(backup.lsn_stop));
    rows_.set("pg_version", backup.postgres_version);
    rows_.set("prior", backup.prior);
    rows_.set("wal_start", backup.wal_start);
    rows_.set("wal_stop", backup.wal_stop);
    rows_.set("start_time", date_text(backup.start));
    rows_.set("stop_time", date_text(backup.stop));
    set_sizes(backup, "", rows_);
    for (const std::string& reference : backup.references) {
      name(repository, backup);
      rows_.set("ref_backup", reference);
      rows_.set("reference", "1");
    }
    if (!backup.references.empty()) return;
    name(repository, backup);
    rows_.set("reference", "0");
  }

  /// The newest one of all repositories that counts as `type`: a full one counts as differential, and both as
  /// incremental.
  const Backup* last_of(Kind type) const {
    const Backup* last = nullptr;
    for (const Repository& repository : reading_.repositories)
      for (const Backup& backup : repository.backups)
        if (backup.kind <= type && backup.stop && (last == nullptr || *backup.stop >= *last->stop))
          last = &backup;
    return last;
  }

  void add_last() {
    if (last_of(Kind::full) == nullptr) return;
    for (const Kind type : {Kind::full, Kind::differential, Kind::incremental}) {
      const Backup& last = *last_of(type);
      begin();
      rows_.set("backup_type", std::string(type_word(type)));
      rows_.set("since_last", std::to_string(seconds_between(*last.stop, now_)));
      set_sizes(last, "last_", rows_);
      for (const std::string& reference : last.references)
        add_last_reference(type, last, reference, "1");
      if (last.references.empty()) add_last_reference(type, last, "", "0");
    }
  }

  void add_last_reference(Kind type, const Backup& last, const std::string& reference, const char* value) {
    begin();
    rows_.set("backup_type", std::string(type_word(type)));
    rows_.set("block_incr", last.block_incremental ? "y" : "n");
    rows_.set("ref_backup", reference);
    rows_.set("last_reference", value);
  }

  const Reading& reading_;
  const Timestamp now_;
  TextRows& rows_;
};

}  // namespace

void add_pgbackrest(const Reading& reading, Timestamp now, TextRows& rows) {
  StanzaRows(reading, now, rows).add();
}

}  // namespace pgvigil::backups
