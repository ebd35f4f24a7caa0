#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/units.h"

namespace pgvigil::backups {

/// The default of initdb.
inline constexpr std::uint64_t k_default_segment_size = std::uint64_t{16} << 20;

/// A WAL segment: its timeline, and its number counted from the beginning of WAL.
struct Segment {
  std::uint32_t timeline = 0;
  std::uint64_t number = 0;
  auto operator<=>(const Segment&) const = default;
};

/// The segment with that file name (24 hexadecimal digits: timeline, log, number within it; PostgreSQL,
/// xlog_internal.h), or nothing.
std::optional<Segment> parse_segment(std::string_view name, std::uint64_t segment_size);
std::string segment_name(Segment segment, std::uint64_t segment_size);

/// "0/4000028" as a position in bytes.
std::optional<std::uint64_t> parse_lsn(std::string_view text);

/// The segment size with which `lsn` lies in the segment called `name`, if that leaves only one.
std::optional<std::uint64_t> segment_size_of(std::string_view name, std::string_view lsn);

/// Where a timeline branched off its parent: a line of a history file.
struct Branch {
  std::uint32_t parent = 0;
  std::uint64_t lsn = 0;
};

/// The last line of a history file: the parent of the timeline that the file is named after.
std::optional<Branch> parse_history(std::string_view text);

/// That timeline: 2 of "00000002.history".
std::optional<std::uint32_t> timeline_of_history(std::string_view name);

/// The segments that lie in an archive, by the names of its files.
struct WalListing {
  std::map<std::string, Timestamp, std::less<>>
      segments;                              ///< complete ones, by name, with the time of the file
  std::vector<std::string> histories;        ///< "00000002.history"
  std::map<std::uint32_t, Branch> branches;  ///< by timeline: where it came from
  std::uint64_t segment_size = k_default_segment_size;
  /// Takes a file of the archive: its name may have a folder, a checksum and a compression; others than
  /// segments and histories are passed over.
  void add_file(std::string_view path, Timestamp time);
};

/// How far WAL goes without a hole, from a segment on.
struct WalRun {
  std::optional<Segment> last;      ///< the last one that is there; nothing: not even the first
  std::optional<Segment> missing;   ///< the first that is missing though later ones are there
  std::uint64_t missing_count = 0;  ///< segments that are missing up to the end
  Timestamp last_time;              ///< of the file of `last`
  bool reaches(const Segment& wanted) const {
    return last && (last->timeline > wanted.timeline || last->number >= wanted.number);
  }
};

/// Follows the WAL from `from` on, over to a later timeline where one branches off. A segment after `newest`
/// (the last that the catalogue knew before the listing) may still be on its way: it is not missed.
WalRun follow(const WalListing& listing, Segment from, std::optional<Segment> newest);

}  // namespace pgvigil::backups
