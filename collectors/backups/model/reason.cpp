#include "collectors/backups/model/reason.h"

#include <algorithm>
#include <array>

namespace pgvigil::backups {
namespace {

struct Words {
  std::string_view name;
  std::string_view way_out;
};

// In the order of the enumerators.
constexpr std::array<Words, 46> k_words = {{
    {"none", ""},
    {"tool_failed", "Run the same command by hand as the user of pgvigil: it says more than its JSON."},
    {"timed_out",
     "Run the tool by hand: a slow object store or a dead mount shows there. Raise [[backup]] timeout "
     "when it is only slow."},
    {"unreadable",
     "Let the user of pgvigil read the repository, or let a sidecar that may do so write the JSON "
     "([[backup]] file)."},
    {"cipher_key",
     "Compare the cipher key of the configuration with the one that the repository was made with: "
     "without it nothing can be restored."},
    {"no_stanza", "Create it (pgbackrest stanza-create), or correct [[backup]] stanza."},
    {"no_backups", "Take a full backup now."},
    {"catalog_damaged",
     "Restore the catalogue from its copy in the repository or from another repository, then take "
     "a full backup."},
    {"no_whole_backup", "Take a full backup now, and look into the log of the last runs."},
    {"page_errors",
     "Find the damaged pages in the live cluster (pg_amcheck, pgbackrest info --set), mend them, then "
     "take a full backup; until then restore the last one without errors by its label."},
    {"chain_broken", "Take a full backup now: what builds upon a missing backup cannot be restored."},
    {"archive_empty",
     "Find out who removed the WAL and whether archive_command still writes there, then take a full "
     "backup."},
    {"wal_gap",
     "Take a backup now: a restore stops at the missing segment, and only a newer backup gets over it."},
    {"archive_unseen",
     "Let pgvigil list the archive: run the tool, or name its listing ([[backup]] archive)."},
    {"unproven", "Let pgvigil-backup write it: it checks what it streams, and its manifest is the proof."},
    {"set_incomplete", "Dump the missing database, or name those that matter ([[backup]] databases)."},
    {"other_cluster",
     "The running cluster is another one than that of the backups: run stanza-upgrade, or correct "
     "[[backup]], then take a full backup. After pg_upgrade the cluster is a new one."},
    {"other_version",
     "Take a full backup of the running server: what was written since the upgrade is in none. Keep the "
     "programs of "
     "the old version as long as its backups."},
    {"clock", "Set the clocks of this host and of the backup host (NTP)."},
    {"too_old", "Find out why no backup was finished since then, and take one."},
    {"full_too_old", "Take a full backup: the longer the chain, the longer and riskier the restore."},
    {"overdue", "Look whether the job ran at all: a job that was switched off fails nowhere."},
    {"suspended",
     "Let it go on (kubectl patch scheduledbackup NAME --type=merge -p '{\"spec\":{\"suspend\":false}}'), or "
     "schedule another one."},
    {"stuck", "Look at the running backup: end it when it does nothing, its lock keeps all others out."},
    {"runs_long",
     "Look at what it does, at the load of the disks and of the network, and at what else runs at that "
     "time."},
    {"overlapping",
     "Give each run its own time, or let the jobs take a lock: two at once slow each other down, and one may "
     "remove "
     "what the other needs."},
    {"last_failed", "Look into the log of the last run."},
    {"not_encrypted", "Turn encryption on for this repository: it takes a new repository or a full backup."},
    {"key_expires", "Renew the key before that day: from then on no backup is made."},
    {"recipients_changed",
     "If nobody meant it, find out who can read the backups now; if so, nothing: the next backup ends it."},
    {"size_jumped",
     "Compare with the size of the databases: a table may have been emptied, or a directory left out."},
    {"too_small",
     "Compare what is in it with what should be: a directory or a database may have been left out, or the "
     "dump may have been "
     "made of another server."},
    {"duration_grows", "Take more processes, incremental backups or block incremental before that."},
    {"slots_missing", "Keep backups longer, or find out why those days have none."},
    {"window_short", "Keep backups and WAL longer, or find the gap that cuts the window off."},
    {"retention_short", "Keep more backups, or for longer; if backups began only lately, wait."},
    {"expiry_leaves_few",
     "Keep one more (pgBackRest: repo-retention-full), or take a sound full backup before the next one "
     "expires."},
    {"tablespace_missing",
     "Take a backup: one that was made since is in the next. If it is not, look what the job leaves out."},
    {"same_volume",
     "Move them to another disk, better to another site: whoever loses the database loses its backups."},
    {"not_off_host",
     "Add a repository on another host or in an object store: a host is lost with all that is on it."},
    {"not_immutable",
     "Keep a copy that nobody can change for some time (object lock, WORM): who takes over the host removes "
     "the backups first."},
    {"summaries_gone",
     "Take a full base backup, and raise wal_summary_keep_time above the pause between two backups."},
    {"not_rehearsed", "Run pgvigil-restore-drill: a backup that nobody restored is a hope."},
    {"drill_failed", "Look into the result of the drill, and do not trust this backup until one succeeds."},
    {"check_failed", "Run the tool's own check by hand: it names what it misses."},
    {"output_repaired",
     "Run the same command by hand and look at what it writes: a name or a message in it is no UTF-8, and "
     "may be "
     "told wrongly here."},
}};

}  // namespace

std::string_view to_string(Reason reason) {
  return k_words.at(static_cast<std::size_t>(reason)).name;
}

std::optional<Reason> reason_of(std::string_view word) {
  const auto found = std::ranges::find(k_words, word, &Words::name);
  if (found == k_words.end()) return std::nullopt;
  return static_cast<Reason>(found - k_words.begin());
}

std::string_view way_out(Reason reason) {
  return k_words.at(static_cast<std::size_t>(reason)).way_out;
}

}  // namespace pgvigil::backups
