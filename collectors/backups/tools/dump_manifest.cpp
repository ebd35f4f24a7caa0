#include "collectors/backups/tools/dump_manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "collectors/backups/files/json_text.h"

namespace pgvigil::backups {
namespace {

Error no_manifest(const std::string& what) {
  return {ErrorKind::query, "manifest.json is no manifest of dumps: " + what};
}

std::vector<std::string> texts_at(const Json& object, std::string_view key) {
  std::vector<std::string> texts;
  if (const Json* list = find(object, key))
    for (const Json& text : *list)
      if (text.is_string()) texts.push_back(text.get<std::string>());
  return texts;
}

std::expected<DumpManifest::File, Error> read_file(const Json& from) {
  DumpManifest::File file;
  file.name = text_at(from, "name").value_or("");
  const auto bytes = number_at(from, "bytes");
  // A name leads nowhere else.
  if (file.name.empty() || file.name.contains('/') || file.name == ".." || !bytes)
    return std::unexpected(no_manifest("a file without name or size"));
  file.bytes = *bytes;
  file.plain_bytes = number_at(from, "plain_bytes");
  file.database = text_at(from, "database").value_or("");
  file.globals = text_at(from, "kind") == "globals";
  file.sha256 = text_at(from, "sha256").value_or("");
  file.encrypted = text_at(from, "encryption").value_or("none") != "none";
  return file;
}

}  // namespace

std::expected<DumpManifest, Error> parse_dump_manifest(std::string_view json) {
  const Json from = Json::parse(json, nullptr, false);
  if (from.is_discarded()) return std::unexpected(no_manifest("no JSON"));
  if (text_at(from, "format") != "pgvigil-dump/1")
    return std::unexpected(no_manifest("its format is not pgvigil-dump/1"));
  DumpManifest manifest;
  manifest.started = time_at(from, "started_at");
  manifest.finished = time_at(from, "finished_at");
  if (const Json* server = find(from, "server")) {
    manifest.system_identifier = number_at(*server, "system_identifier");
    manifest.version = number_at(*server, "version");
  }
  const Json* files = find(from, "files");
  if (files == nullptr || !files->is_array()) return std::unexpected(no_manifest("no files"));
  for (const Json& each : *files) {
    auto file = read_file(each);
    if (!file) return std::unexpected(std::move(file.error()));
    manifest.files.push_back(std::move(*file));
  }
  manifest.expected = texts_at(from, "databases_expected");
  manifest.key_expires = time_at(from, "key_expires_at");
  manifest.recipients = texts_at(from, "recipients");
  std::ranges::sort(manifest.recipients);
  if (!manifest.started || !manifest.finished) return std::unexpected(no_manifest("no times"));
  return manifest;
}

}  // namespace pgvigil::backups
