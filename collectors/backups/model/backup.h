#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/backups/model/reason.h"
#include "collectors/backups/model/schedule.h"
#include "collectors/backups/model/wal.h"
#include "collectors/model/units.h"

namespace pgvigil::backups {

/// What a backup is made of. `full`, `dump` and `base` stand alone.
enum class Kind : std::uint8_t { full, differential, incremental, dump, base, snapshot };

/// "full", "diff", "incr", "dump", "base", "snapshot"
constexpr std::string_view to_string(Kind kind) {
  constexpr std::array<std::string_view, 6> k_words = {"full", "diff", "incr", "dump", "base", "snapshot"};
  return k_words.at(static_cast<std::size_t>(kind));
}

constexpr bool stands_alone(Kind kind) {
  return kind != Kind::differential && kind != Kind::incremental;
}

/// How far it has come. `unproven`: it is there, but nothing tells whether it is whole.
enum class State : std::uint8_t { complete, running, waiting_for_wal, failed, damaged, unproven };

/// Something that is not as it should be, and why. `text` is lower case, names the thing and has no full
/// stop.
struct Trouble {
  Reason reason = Reason::none;
  std::string text;
  bool operator==(const Trouble&) const = default;
};

/// Sizes in bytes, where the tool tells them.
struct Sizes {
  std::optional<std::uint64_t> database;          ///< all of it, uncompressed
  std::optional<std::uint64_t> delta;             ///< copied for this backup
  std::optional<std::uint64_t> repository;        ///< stored, all that a restore needs
  std::optional<std::uint64_t> repository_delta;  ///< stored for this backup
  std::optional<std::uint64_t> repository_map;    ///< maps of a block-incremental backup
  std::optional<std::uint64_t> repository_delta_map;
  std::optional<std::uint64_t> dumped;  ///< of a set of dumps, before it was packed
  /// What grows with the database, whatever the tool tells.
  std::optional<std::uint64_t> any() const { return database ? database : repository_delta; }
};

/// A tablespace beside those that every cluster has.
struct Tablespace {
  std::string oid;       ///< empty: not told
  std::string name;      ///< empty: only its number is told
  std::string location;  ///< where a restore puts it, if nobody says otherwise; empty: not told
  bool outside = false;  ///< the backup holds no copy of its files, but a link to them
};

/// One backup, whoever made it.
struct Backup {
  std::string label;  ///< unique within its repository
  Kind kind = Kind::full;
  State state = State::complete;
  std::optional<Timestamp> start;
  std::optional<Timestamp> stop;
  Sizes sizes;
  std::optional<bool> error;      ///< pages with a bad checksum were copied; nothing: the tool does not tell
  std::optional<bool> encrypted;  ///< nothing: not known
  std::optional<Timestamp> key_expires;
  std::vector<std::string> recipients;  ///< public keys that it is encrypted for, sorted; empty: not told
  std::string wal_start;  ///< segments that it needs to be consistent; empty: not known, or none
  std::string wal_stop;
  std::string lsn_start;
  std::string lsn_stop;
  std::string prior;                    ///< the backup that it builds upon; empty: none
  std::vector<std::string> references;  ///< all backups without which it cannot be restored
  std::map<std::string, std::string> annotations;
  std::vector<std::string> databases;                  ///< that are in it, when it is known
  bool set_is_told = false;                            ///< its manifest tells which databases there were
  std::vector<std::string> expected;                   ///< these
  std::optional<std::vector<Tablespace>> tablespaces;  ///< that are in it; nothing: not told
  std::optional<bool> expires;  ///< the tool's own retention removes it the next time; nothing: not told
  std::size_t database_id = 0;  ///< of pgBackRest: the history of the cluster
  std::string tool_version;
  std::string postgres_version;
  std::optional<std::uint64_t> system_identifier;
  std::optional<Timestamp>
      verified;  ///< when all of its files had been read and the sums that were told were right
  bool block_incremental = false;
  std::string why;                          ///< it is failed, damaged or unproven
  Reason reason = Reason::no_whole_backup;  ///< the same in one word
};

/// The WAL that a repository holds of one database history.
struct Archive {
  std::string id;
  std::string min;  ///< segments; both empty: there is none
  std::string max;
  std::size_t database_id = 0;
  std::string postgres_version;
};

/// What a tool knows of one cluster whose backups are in the repository.
struct Database {
  std::size_t id = 0;
  std::uint64_t system_identifier = 0;
  std::string version;
};

/// Where backups are, as seen from the database.
enum class Place : std::uint8_t { unknown, same_volume, same_host, other_host, object_store };

/// When backups are taken, as whoever takes them tells.
struct Timetable {
  std::string name;
  bool suspended = false;
  std::optional<Timestamp> last;     ///< when one was due and was begun
  std::optional<Timestamp> next;     ///< when one is due after that
  std::optional<Schedule> schedule;  ///< nothing: it is not understood
};

/// One place where backups are kept.
struct Repository {
  std::string key;                  ///< "1"; the tool's word for it
  std::optional<int> status;        ///< the tool's own number
  std::optional<Trouble> trouble;   ///< it cannot be used, or not be seen
  std::string cipher;               ///< "none", "aes-256-cbc"; empty: not known
  bool keeps_wal = false;           ///< restores go on beyond the backup, as far as there is WAL
  bool archives_elsewhere = false;  ///< WAL is kept where it is not seen, and the tool tells that it arrives
  std::optional<Timestamp> first_recoverable;  ///< where the tool tells it
  std::vector<Backup> backups;                 ///< in the order of their stop
  std::vector<Archive> archives;
  std::vector<Database> databases;
  std::optional<WalListing> wal;      ///< of the newest database; nothing: it was not listed
  std::vector<Timetable> timetables;  ///< empty: not told
  std::vector<Trouble> checks;        ///< that the tool itself makes, and that failed
  std::string path;                   ///< on this host; empty: elsewhere, or not told
  Place place = Place::unknown;
  std::optional<bool>
      immutable;  ///< no file of the newest backup can be changed or removed; nothing: not seen
};

/// How much of a running backup has been copied, of how much.
struct Progress {
  Timestamp at{};
  std::uint64_t done = 0;  ///< bytes
  std::uint64_t size = 0;
};

/// An operation that is under way.
struct Activity {
  bool backup = false;
  bool restore = false;
  std::optional<std::uint64_t> size;
  std::optional<std::uint64_t> done;
  std::optional<std::uint64_t> restore_size;
  std::optional<std::uint64_t> restore_done;
};

/// What one look at a source brought.
struct Reading {
  std::optional<Trouble> trouble;  ///< nothing could be read at all
  std::string stanza;
  std::string tool_version;
  std::optional<int> status;  ///< of the stanza: the tool's own number
  bool repaired = false;      ///< the tool's text was no JSON until it was repaired
  Activity activity;
  std::vector<Repository> repositories;
};

}  // namespace pgvigil::backups
