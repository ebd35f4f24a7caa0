#include "collectors/backups/judging/soundness.h"

#include <algorithm>

namespace pgvigil::backups {
namespace {

const Backup* find(const Repository& repository, const std::string& label) {
  const auto found = std::ranges::find(repository.backups, label, &Backup::label);
  return found == repository.backups.end() ? nullptr : &*found;
}

std::optional<Trouble> trouble_of_state(const Backup& backup) {
  switch (backup.state) {
    case State::complete:
      break;
    case State::running:
      return Trouble{Reason::no_whole_backup, backup.label + " is not finished"};
    case State::waiting_for_wal:
      return Trouble{Reason::no_whole_backup, backup.label + " waits for its last WAL"};
    case State::failed:
    case State::damaged:
      return Trouble{backup.reason, backup.label + ": " + backup.why};
    case State::unproven:
      return Trouble{Reason::unproven, backup.label + ": " + backup.why};
  }
  if (backup.error.value_or(false))
    return Trouble{Reason::page_errors, backup.label + " has pages whose checksum is wrong"};
  return std::nullopt;
}

const Archive* archive_of(const Backup& backup, const Repository& repository) {
  const auto found = std::ranges::find(repository.archives, backup.database_id, &Archive::database_id);
  return found == repository.archives.end() ? nullptr : &*found;
}

std::optional<Segment> segment_of(const std::string& name, const Repository& repository) {
  return parse_segment(name, repository.wal->segment_size);
}

/// The WAL between its start and its stop.
std::optional<Trouble> trouble_of_wal(const Backup& backup, const WalRun& run, const Repository& repository) {
  const auto stop = segment_of(backup.wal_stop, repository);
  if (run.last && stop && run.reaches(*stop)) return std::nullopt;
  const auto from = segment_of(backup.wal_start, repository);
  const Segment missing = run.missing ? *run.missing : from.value_or(Segment{});
  const std::uint64_t size = repository.wal->segment_size;
  return Trouble{Reason::wal_gap, backup.label + " needs WAL segment " + segment_name(missing, size) +
                                      ", which is not in the archive"};
}

}  // namespace

std::optional<Trouble> trouble_of_backup(const Backup& backup, const Repository& repository) {
  if (auto trouble = trouble_of_state(backup)) return trouble;
  std::vector<std::string> needed = backup.references;
  if (!backup.prior.empty()) needed.push_back(backup.prior);
  for (const std::string& label : needed) {
    const Backup* parent = find(repository, label);
    if (parent == nullptr)
      return Trouble{Reason::chain_broken, backup.label + " builds upon " + label + ", which is not there"};
    if (auto trouble = trouble_of_state(*parent)) return trouble;
  }
  return std::nullopt;
}

Soundness soundness_of(const Backup& backup, const Repository& repository) {
  if (auto trouble = trouble_of_backup(backup, repository)) return {std::move(trouble), {}};
  if (!repository.keeps_wal) return {};
  const Archive* archive = archive_of(backup, repository);
  if (archive != nullptr && archive->max.empty() && !backup.wal_start.empty())
    return {Trouble{Reason::archive_empty, "the archive holds no WAL"}, {}};
  if (!repository.wal)
    return {Trouble{Reason::archive_unseen, "the files of the archive were not listed: WAL may be missing"},
            {}};
  const auto from = segment_of(backup.wal_start, repository);
  if (!from)
    return {Trouble{Reason::archive_unseen, "the tool does not tell which WAL " + backup.label + " needs"},
            {}};
  if (repository.wal->segments.empty())
    return {Trouble{Reason::archive_empty, "the archive holds no WAL"}, {}};
  auto run = follow(*repository.wal, *from,
                    archive == nullptr ? std::nullopt : segment_of(archive->max, repository));
  auto trouble = trouble_of_wal(backup, run, repository);
  return {std::move(trouble), std::move(run)};
}

bool leaves_open(Reason reason) {
  switch (reason) {
    case Reason::tool_failed:
    case Reason::timed_out:
    case Reason::unreadable:
    case Reason::cipher_key:
    case Reason::archive_unseen:
    case Reason::unproven:
    case Reason::clock:
      return true;
    default:
      return false;
  }
}

}  // namespace pgvigil::backups
