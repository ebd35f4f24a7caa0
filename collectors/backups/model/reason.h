#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgvigil::backups {

/// Why something cannot be restored, or is not as it should be: the word of a label.
enum class Reason : std::uint8_t {
  none,
  tool_failed,      ///< the program is missing, ended badly or told nothing that can be understood
  timed_out,        ///< no answer by the deadline
  unreadable,       ///< permission, network: the repository may be good
  cipher_key,       ///< it cannot be read with this key
  no_stanza,        ///< nothing was ever set up there
  no_backups,       ///< nothing was ever finished there
  catalog_damaged,  ///< the tool cannot read its own catalogue
  no_whole_backup,  ///< each is damaged, failed or lacks something
  page_errors,      ///< pages with bad checksums were copied
  chain_broken,     ///< a backup that it builds upon is gone
  archive_empty,    ///< there is no WAL
  wal_gap,          ///< WAL is missing between segments that are there
  archive_unseen,   ///< nobody has looked whether WAL is missing
  unproven,         ///< nothing tells whether it is whole
  set_incomplete,   ///< a database, or the roles, are in no dump of the set
  other_cluster,    ///< backups of another cluster than the one that runs
  other_version,    ///< of another major version of PostgreSQL than the one that runs
  clock,            ///< the newest backup is of the future
  too_old,
  full_too_old,
  overdue,      ///< the next should have been finished by now
  suspended,    ///< those who take backups were told to take none
  stuck,        ///< a backup does nothing any more, or has been running for hours longer than any before
  runs_long,    ///< longer than usual, or it will not have ended when the next must have
  overlapping,  ///< two run at once, or one began before the former had ended
  last_failed,  ///< the newest attempt failed
  not_encrypted,
  key_expires,
  recipients_changed,  ///< the newest is encrypted for other keys than the one before
  size_jumped,         ///< against its own history
  too_small,           ///< against the size of the database
  duration_grows,      ///< soon one takes longer than the pause until the next
  slots_missing,       ///< daily, weekly, monthly, yearly
  window_short,        ///< the moments that can be restored do not go back far enough
  retention_short,     ///< the oldest backup is younger than wanted
  expiry_leaves_few,   ///< too few sound ones stay when the tool removes old ones
  tablespace_missing,  ///< one of the server's is not in the backup
  same_volume,         ///< they are on the file system of the database
  not_off_host,        ///< they are on the host of the database
  not_immutable,       ///< they can be changed or removed
  summaries_gone,      ///< no incremental base backup can build upon the newest
  not_rehearsed,       ///< no restore drill, or none lately
  drill_failed,
  check_failed,     ///< one of the tool's own checks
  output_repaired,  ///< what the tool wrote was not readable as it stood
};

/// "wal_gap"
std::string_view to_string(Reason reason);
/// The other way round; nothing when it is not the word of any.
std::optional<Reason> reason_of(std::string_view word);

/// A sentence that says what to do.
std::string_view way_out(Reason reason);

}  // namespace pgvigil::backups
