#include <algorithm>

#include "collectors/backups/files/proof_cache.h"
#include "collectors/backups/tools/pgbackrest_conf.h"
#include "collectors/backups/tools/pgbackrest_info.h"
#include "collectors/backups/tools/reader.h"

namespace pgvigil::backups {
namespace {

/// Of one archive; a cluster that failed over more often than that has been rebuilt since.
constexpr std::size_t k_most_histories = 64;
/// Backups that are asked about one by one in one look, of each repository; the others wait for the next.
constexpr std::size_t k_most_questions = 8;

/// A command line of pgBackRest. Its log would mix with what is read, or fill the disk of the sidecar.
std::vector<std::string> words_of(const Source& source,
                                  const std::string& command,
                                  std::vector<std::string> more) {
  std::vector<std::string> words = {source.program.empty() ? "pgbackrest" : source.program, command,
                                    "--log-level-console=off", "--log-level-stderr=warn",
                                    "--log-level-file=off"};
  if (!source.config_file.empty()) words.push_back("--config=" + source.config_file);
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::expected<Reading, Error> read_info(const Look& look) {
  const Source& source = look.source;
  std::vector<std::string> more = {"--output=json"};
  if (!source.stanza.empty()) more.push_back("--stanza=" + source.stanza);
  auto text =
      source.file.empty() ? output_of(look, words_of(source, "info", more)) : content_of(look, source.file);
  if (!text) return std::unexpected(std::move(text.error()));
  return parse_pgbackrest_info(*text, source.stanza);
}

std::string with_key(std::string path, const std::string& key) {
  constexpr std::string_view k_place = "{repository}";
  if (const auto at = path.find(k_place); at != path.npos) path.replace(at, k_place.size(), key);
  return path;
}

/// The archive of the newest history of the cluster.
const Archive* newest_archive(const Repository& repository) {
  const auto newest = std::ranges::max_element(repository.archives, {}, &Archive::database_id);
  return newest == repository.archives.end() ? nullptr : &*newest;
}

std::optional<std::uint64_t> told_segment_size(const Repository& repository) {
  for (const Backup& backup : repository.backups)
    if (const auto size = segment_size_of(backup.wal_start, backup.lsn_start)) return size;
  return std::nullopt;
}

/// Where the timelines of the archive branched off.
void read_branches(const Look& look,
                   const Repository& repository,
                   const std::string& folder,
                   WalListing& listing) {
  if (listing.histories.size() > k_most_histories)
    listing.histories.erase(listing.histories.begin(), listing.histories.end() - k_most_histories);
  for (const std::string& name : listing.histories) {
    const auto text =
        output_of(look, words_of(look.source, "repo-get", {"--repo=" + repository.key, folder + "/" + name}));
    const auto branch = text ? parse_history(*text) : std::nullopt;
    const auto timeline = timeline_of_history(name);
    if (timeline && branch) listing.branches.emplace(*timeline, *branch);
  }
}

/// The files of its archive. What cannot be listed stays unseen: the verdict says so.
void list_archive(const Look& look, const std::string& stanza, Repository& repository) {
  const Archive* archive = newest_archive(repository);
  if (repository.trouble || archive == nullptr) return;
  const std::string folder = "archive/" + stanza + "/" + archive->id;
  std::expected<std::string, Error> text;
  if (look.source.file.empty())
    text = output_of(look, words_of(look.source, "repo-ls",
                                    {"--output=json", "--recurse", "--repo=" + repository.key, folder}));
  else if (!look.source.archive.empty())
    text = content_of(look, with_key(look.source.archive, repository.key));
  else
    return;
  auto listing = text ? parse_pgbackrest_listing(*text) : std::unexpected(text.error());
  if (!listing) return repository.checks.push_back(trouble_of(listing.error()));
  listing->segment_size =
      look.segment_size.value_or(told_segment_size(repository).value_or(k_default_segment_size));
  std::ranges::sort(listing->histories);
  if (look.source.file.empty()) read_branches(look, repository, folder, *listing);
  repository.wal = std::move(*listing);
}

/// What is in a backup.
struct Scope {
  std::vector<std::string> databases;
  std::optional<std::vector<Tablespace>> tablespaces;
};

/// Of one backup: `info` tells it only of a backup that is named (JSON: since 2.41).
std::optional<Scope> ask_scope(const Look& look,
                               const std::string& stanza,
                               const Repository& repository,
                               const std::string& label) {
  const auto text = output_of(
      look, words_of(look.source, "info",
                     {"--output=json", "--stanza=" + stanza, "--repo=" + repository.key, "--set=" + label}));
  const auto told = text ? parse_pgbackrest_info(*text, stanza) : std::unexpected(text.error());
  if (!told) return std::nullopt;
  for (const Repository& each : told->repositories)
    for (const Backup& backup : each.backups)
      if (backup.label == label) return Scope{backup.databases, backup.tablespaces};
  return Scope{};
}

/// Asks once about each backup, the newest first.
void tell_scope(const Look& look, const std::string& stanza, Repository& repository) {
  std::size_t asked = 0;
  for (auto backup = repository.backups.rbegin(); backup != repository.backups.rend(); ++backup) {
    const auto ask = [&]() -> std::optional<Scope> {
      return ++asked > k_most_questions ? std::nullopt : ask_scope(look, stanza, repository, backup->label);
    };
    const auto scope =
        look.proofs->once<Scope>(stanza + '/' + repository.key + '/' + backup->label, "scope", ask);
    if (!scope) continue;
    backup->databases = scope->databases;
    backup->tablespaces = scope->tablespaces;
  }
}

}  // namespace

Reading read_pgbackrest(const Look& look) {
  // The catalogue first: what is archived after it may be in the listing or not, and is not missed.
  auto reading = read_info(look);
  if (!reading) {
    Reading none;
    none.stanza = look.source.stanza;
    none.trouble = trouble_of(reading.error());
    return none;
  }
  for (Repository& repository : reading->repositories)
    list_archive(look, reading->stanza, repository);
  if (const auto conf = read_pgbackrest_conf(look.source, reading->stanza))
    for (Repository& repository : reading->repositories)
      apply_retention(*conf, look.now, repository);
  // Last: the verdict does without.
  if (look.source.file.empty())
    for (Repository& repository : reading->repositories)
      tell_scope(look, reading->stanza, repository);
  return std::move(*reading);
}

}  // namespace pgvigil::backups
