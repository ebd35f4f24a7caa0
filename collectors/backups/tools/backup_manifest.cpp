#include "collectors/backups/tools/backup_manifest.h"

#include <nlohmann/json.hpp>

#include "collectors/backups/files/checksum.h"
#include "collectors/backups/files/json_text.h"

namespace pgvigil::backups {
namespace {

constexpr std::string_view k_sum_line = "\"Manifest-Checksum\"";

Error no_manifest(const std::string& what) {
  return {ErrorKind::query, "backup_manifest is " + what};
}

}  // namespace

std::expected<BackupManifest, Error> parse_backup_manifest(std::string_view json) {
  const std::size_t line = json.rfind(k_sum_line);
  const Json from = Json::parse(json, nullptr, false);
  if (line == json.npos || from.is_discarded() || !from.is_object())
    return std::unexpected(no_manifest("cut off"));
  BackupManifest manifest;
  manifest.sum_is_right = text_at(from, "Manifest-Checksum") == sha256_of(json.substr(0, line));
  manifest.system_identifier = number_at(from, "System-Identifier");
  const Json* files = find(from, "Files");
  const Json* ranges = find(from, "WAL-Ranges");
  if (files == nullptr || !files->is_array()) return std::unexpected(no_manifest("without a list of files"));
  for (const Json& file : *files)
    manifest.files.push_back({text_at(file, "Path").value_or(""), number_at(file, "Size").value_or(0),
                              sum_kind_of(text_at(file, "Checksum-Algorithm").value_or("")),
                              text_at(file, "Checksum").value_or("")});
  if (ranges != nullptr && ranges->is_array())
    for (const Json& range : *ranges)
      manifest.wal.push_back({static_cast<std::uint32_t>(number_at(range, "Timeline").value_or(0)),
                              text_at(range, "Start-LSN").value_or(""),
                              text_at(range, "End-LSN").value_or("")});
  return manifest;
}

bool may_change(const BackupManifest::File& file) {
  return file.path == "postgresql.auto.conf" || file.path == "recovery.signal" ||
         file.path == "standby.signal";
}

}  // namespace pgvigil::backups
