#include "collectors/backups/files/json_text.h"
#include "collectors/backups/tools/reader.h"
#include "collectors/backups/tools/wal_g_json.h"

namespace pgvigil::backups {
namespace {

std::vector<std::string> words_of(const Source& source, std::vector<std::string> more) {
  std::vector<std::string> words = {source.program.empty() ? "wal-g" : source.program};
  if (!source.config_file.empty()) words.insert(words.end(), {"--config", source.config_file});
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::expected<std::string, Error> verify(const Look& look) {
  if (look.source.file.empty())
    return output_of(look, words_of(look.source, {"wal-verify", "integrity", "--json"}));
  if (!look.source.archive.empty()) return content_of(look, look.source.archive);
  return std::unexpected(Error{});
}

}  // namespace

Reading read_wal_g(const Look& look) {
  Reading reading;
  const auto text = look.source.file.empty()
                        ? output_of(look, words_of(look.source, {"backup-list", "--detail", "--json"}))
                        : content_of(look, look.source.file);
  auto backups = text ? parse_wal_g_backups(*text) : std::unexpected(text.error());
  if (!backups) {
    reading.trouble = trouble_of(backups.error());
    return reading;
  }
  reading.repaired = repaired(*text).repaired;
  Repository repository;
  repository.keeps_wal = true;
  repository.backups = std::move(*backups);
  std::uint64_t size = look.segment_size.value_or(k_default_segment_size);
  for (const Backup& backup : repository.backups)
    if (const auto told = segment_size_of(backup.wal_start, backup.lsn_start); told && !look.segment_size)
      size = *told;
  if (const auto told = repository.backups.empty() ? std::unexpected(Error{}) : verify(look)) {
    std::string newest;
    if (auto listing = parse_wal_g_verify(*told, size, newest))
      repository.wal = std::move(*listing);
    else
      repository.checks.push_back(trouble_of(listing.error()));
  }
  reading.repositories.push_back(std::move(repository));
  return reading;
}

}  // namespace pgvigil::backups
