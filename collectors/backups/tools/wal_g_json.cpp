#include "collectors/backups/tools/wal_g_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "collectors/backups/files/json_text.h"

namespace pgvigil::backups {
namespace {

/// Beyond that the tool counts from the beginning of time, as it does when there is no backup.
constexpr std::uint64_t k_most_segments = 2'000'000;
/// A chain of backups is as long as a few weeks; one whose names go in circles has no end.
constexpr std::size_t k_longest_chain = 1000;

Error no_answer(const std::string& what) {
  return {ErrorKind::query, "what wal-g wrote is " + what,
          "Run the same command by hand as the user of pgvigil."};
}

std::string lsn_text(std::uint64_t lsn) {
  constexpr std::string_view k_digits = "0123456789ABCDEF";
  const auto hex = [&](std::uint64_t value) {
    std::string text;
    do
      text.insert(text.begin(), k_digits[value & 0xF]);
    while ((value >>= 4) != 0);
    return text;
  };
  return hex(lsn >> 32) + "/" + hex(lsn & 0xFFFFFFFF);
}

/// "base_<segment>" or "base_<segment>_D_<segment of what it builds upon>".
void read_name(const std::string& name, Backup& backup) {
  backup.label = name;
  backup.kind = name.contains("_D_") ? Kind::incremental : Kind::full;
}

Backup read_backup(const Json& from) {
  Backup backup;
  read_name(text_at(from, "backup_name").value_or(""), backup);
  backup.start = time_at(from, "start_time");
  // The time of the object changes when the bucket is copied: it is the last resort.
  backup.stop = time_at(from, "finish_time");
  if (!backup.stop) backup.stop = time_at(from, "time");
  backup.wal_start = text_at(from, "wal_file_name").value_or("");
  const auto start = number_at(from, "start_lsn");
  const auto stop = number_at(from, "finish_lsn");
  if (start) backup.lsn_start = lsn_text(*start);
  if (stop) backup.lsn_stop = lsn_text(*stop);
  const auto size = segment_size_of(backup.wal_start, backup.lsn_start);
  if (const auto first = parse_segment(backup.wal_start, size.value_or(k_default_segment_size));
      first && stop && size)
    backup.wal_stop = segment_name({first->timeline, (*stop == 0 ? 0 : *stop - 1) / *size}, *size);
  backup.system_identifier = number_at(from, "system_identifier");
  backup.sizes.database = number_at(from, "uncompressed_size");
  backup.sizes.repository_delta = number_at(from, "compressed_size");
  if (const auto version = number_at(from, "pg_version"))
    backup.postgres_version = std::to_string(*version / 10000);
  return backup;
}

/// The name tells only the segment of the backup that it builds upon.
void name_parents(std::vector<Backup>& backups) {
  for (Backup& backup : backups) {
    const std::size_t at = backup.label.find("_D_");
    if (at == backup.label.npos) continue;
    const std::string stem = "base_" + backup.label.substr(at + 3);
    const auto parent =
        std::ranges::find_if(backups, [&](const Backup& each) { return each.label.starts_with(stem); });
    backup.prior = parent == backups.end() ? stem : parent->label;
  }
  // And all that its parent builds upon.
  for (Backup& backup : backups)
    for (std::string at = backup.prior;
         !at.empty() && backup.references.size() < std::min(backups.size(), k_longest_chain);) {
      backup.references.push_back(at);
      const auto parent = std::ranges::find(backups, at, &Backup::label);
      at = parent == backups.end() ? "" : parent->prior;
    }
}

}  // namespace

std::expected<std::vector<Backup>, Error> parse_wal_g_backups(std::string_view json) {
  if (json.find_first_not_of(" \n\r\t") == json.npos) return std::vector<Backup>{};
  const Json list = Json::parse(repaired(json).text, nullptr, false);
  if (list.is_discarded() || !list.is_array()) return std::unexpected(no_answer("no list of backups"));
  std::vector<Backup> backups;
  for (const Json& each : list)
    backups.push_back(read_backup(each));
  name_parents(backups);
  std::ranges::stable_sort(backups, {}, &Backup::stop);
  return backups;
}

std::expected<WalListing, Error> parse_wal_g_verify(std::string_view json,
                                                    std::uint64_t segment_size,
                                                    std::string& newest) {
  const Json told = Json::parse(repaired(json).text, nullptr, false);
  const Json* integrity = told.is_discarded() ? nullptr : find(told, "integrity");
  const Json* details = integrity == nullptr ? nullptr : find(*integrity, "details");
  if (details == nullptr || !details->is_array())
    return std::unexpected(no_answer("no result of wal-verify integrity"));
  WalListing listing;
  listing.segment_size = segment_size;
  std::uint64_t left = k_most_segments;
  for (const Json& range : *details) {
    const auto first = parse_segment(text_at(range, "start_segment").value_or(""), segment_size);
    const auto last = parse_segment(text_at(range, "end_segment").value_or(""), segment_size);
    if (!first || !last || last->number < first->number || last->number - first->number >= left)
      return std::unexpected(no_answer("a range of segments that is none"));
    if (text_at(range, "status") == "MISSING_LOST") continue;
    left -= last->number - first->number;
    for (Segment each = *first; each.number <= last->number; ++each.number)
      listing.add_file(segment_name(each, segment_size), {});
    newest = segment_name(*last, segment_size);
  }
  return listing;
}

}  // namespace pgvigil::backups
