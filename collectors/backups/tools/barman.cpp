#include <algorithm>
#include <filesystem>

#include "collectors/backups/files/command.h"
#include "collectors/backups/files/json_text.h"
#include "collectors/backups/tools/barman_json.h"
#include "collectors/backups/tools/reader.h"

namespace pgvigil::backups {
namespace {

namespace fs = std::filesystem;

/// Backups that are asked about one by one: the newest ones.
constexpr std::size_t k_most_shown = 3;
constexpr std::size_t k_most_history = std::size_t{1} << 20;

std::expected<std::string, Error> ask(const Look& look,
                                      const std::string& command,
                                      std::vector<std::string> more) {
  const Source& source = look.source;
  std::vector<std::string> words = {source.program.empty() ? "barman" : source.program};
  if (!source.config_file.empty()) words.insert(words.end(), {"-c", source.config_file});
  words.insert(words.end(), {"-f", "json", command, source.stanza.empty() ? "all" : source.stanza});
  words.insert(words.end(), more.begin(), more.end());
  return output_of(look, words);
}

void show_newest(const Look& look, std::vector<Backup>& backups) {
  std::size_t shown = 0;
  for (auto backup = backups.rbegin(); backup != backups.rend() && shown < k_most_shown; ++backup) {
    if (backup->state != State::complete) continue;
    if (const auto text = ask(look, "show-backup", {backup->label}))
      (void)parse_barman_backup(*text, look.source.stanza, *backup);
    ++shown;
  }
}

/// The WAL lies in folders by its log: 0000000100000000/000000010000000000000004.
std::expected<WalListing, Error> list_folder(const std::string& folder, const Look& look) {
  WalListing listing;
  std::error_code fault;
  for (fs::recursive_directory_iterator at(folder, fault), end; !fault && at != end; at.increment(fault)) {
    if (Deadline::clock::now() >= look.deadline)
      return std::unexpected(Error{ErrorKind::timed_out, "the folder of WAL was not listed in time"});
    if (!at->is_regular_file(fault)) continue;
    listing.add_file(at->path().string(), {});
    const std::string name = at->path().filename().string();
    const auto timeline = timeline_of_history(name);
    if (!timeline) continue;
    const auto text = read_whole_file(at->path().string(), k_most_history);
    const auto branch = text ? parse_history(*text) : std::nullopt;
    if (branch) listing.branches.emplace(*timeline, *branch);
  }
  if (fault) return std::unexpected(Error{ErrorKind::permission, folder + ": " + fault.message()});
  return listing;
}

void list_wal(const Look& look, Repository& repository) {
  std::string folder = look.source.archive;
  if (folder.empty())
    if (const auto text = ask(look, "show-servers", {}))
      folder = parse_barman_wal_folder(*text, look.source.stanza);
  if (folder.empty()) return;
  // BARMAN_HOME/SERVER has base and wals.
  repository.path = fs::path(folder).lexically_normal().parent_path().string();
  auto listing = list_folder(folder, look);
  if (!listing) return repository.checks.push_back(trouble_of(listing.error()));
  if (look.segment_size) listing->segment_size = *look.segment_size;
  for (const Backup& backup : repository.backups)
    if (const auto size = segment_size_of(backup.wal_start, backup.lsn_start); size && !look.segment_size)
      listing->segment_size = *size;
  repository.wal = std::move(*listing);
}

}  // namespace

Reading read_barman(const Look& look) {
  Reading reading;
  reading.stanza = look.source.stanza;
  const auto fail = [&](const Error& error) {
    reading.trouble = trouble_of(error);
    return reading;
  };
  const auto text =
      look.source.file.empty() ? ask(look, "list-backups", {}) : content_of(look, look.source.file);
  if (!text) return fail(text.error());
  auto backups = parse_barman_backups(*text, look.source.stanza);
  if (!backups) return fail(backups.error());
  reading.repaired = repaired(*text).repaired;
  Repository repository;
  repository.keeps_wal = true;
  repository.backups = std::move(*backups);
  if (look.source.file.empty()) {
    show_newest(look, repository.backups);
    if (const auto told = ask(look, "check", {}))
      if (auto failed = parse_barman_check(*told, look.source.stanza)) repository.checks = std::move(*failed);
    list_wal(look, repository);
  }
  reading.repositories.push_back(std::move(repository));
  return reading;
}

}  // namespace pgvigil::backups
