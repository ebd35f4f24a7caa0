#include "collectors/backups/model/wal.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace pgvigil::backups {
namespace {

constexpr std::size_t k_name_length = 24;

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_segment_name(std::string_view name) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
  return name.size() == k_name_length && std::ranges::all_of(name, is_hex);
}

std::string hex8(std::uint64_t value) {
  constexpr std::string_view k_digits = "0123456789ABCDEF";
  std::string text(8, '0');
  for (std::size_t i = 8; i-- > 0; value >>= 4)
    text[i] = k_digits[value & 0xF];
  return text;
}

/// What may follow the name of a complete segment: a checksum, and a compression.
bool is_segment_ending(std::string_view rest) {
  if (rest.starts_with('-')) {
    const std::size_t digits = rest.find_first_not_of("0123456789abcdef", 1);
    if (digits == 1) return false;
    rest = digits == rest.npos ? "" : rest.substr(digits);
  }
  constexpr std::array<std::string_view, 8> k_endings = {"",     ".gz", ".lz4",    ".zst",
                                                         ".bz2", ".xz", ".snappy", ".br"};
  return std::ranges::find(k_endings, rest) != k_endings.end();
}

std::uint64_t segments_per_log(std::uint64_t segment_size) {
  return (std::uint64_t{1} << 32) / segment_size;
}

/// The timeline that branches off `segment`, or before the next one, if its WAL is there.
std::optional<Segment> branch_after(const WalListing& listing, const Segment& segment) {
  for (const auto& [timeline, branch] : listing.branches) {
    if (branch.parent != segment.timeline) continue;
    // The new timeline begins with a copy of the segment in which it branched off.
    const Segment first{timeline, branch.lsn / listing.segment_size};
    if (first.number != segment.number && first.number != segment.number + 1) continue;
    if (listing.segments.contains(segment_name(first, listing.segment_size))) return first;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Segment> parse_segment(std::string_view name, std::uint64_t segment_size) {
  if (!is_segment_name(name)) return std::nullopt;
  const auto timeline = parse_hex(name.substr(0, 8));
  const auto log = parse_hex(name.substr(8, 8));
  const auto number = parse_hex(name.substr(16, 8));
  const std::uint64_t per_log = segments_per_log(segment_size);
  if (!timeline || !log || !number || *number >= per_log) return std::nullopt;
  return Segment{static_cast<std::uint32_t>(*timeline), *log * per_log + *number};
}

std::string segment_name(Segment segment, std::uint64_t segment_size) {
  const std::uint64_t per_log = segments_per_log(segment_size);
  return hex8(segment.timeline) + hex8(segment.number / per_log) + hex8(segment.number % per_log);
}

std::optional<std::uint64_t> parse_lsn(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const auto high = parse_hex(text.substr(0, slash));
  const auto low = parse_hex(text.substr(slash + 1));
  if (!high || !low || *low > 0xFFFFFFFF) return std::nullopt;
  return (*high << 32) + *low;
}

std::optional<std::uint64_t> segment_size_of(std::string_view name, std::string_view lsn) {
  const auto position = parse_lsn(lsn);
  if (!is_segment_name(name) || !position) return std::nullopt;
  const auto number = parse_hex(name.substr(16, 8));
  // From 1 MiB to 1 GiB (initdb --wal-segsize). The number within the log is 0 for several of them: then it
  // tells nothing.
  std::optional<std::uint64_t> fitting;
  for (std::uint64_t size = std::uint64_t{1} << 20; size <= std::uint64_t{1} << 30; size <<= 1) {
    if ((*position & 0xFFFFFFFF) / size != number.value_or(0)) continue;
    if (fitting) return std::nullopt;
    fitting = size;
  }
  return fitting;
}

std::optional<Branch> parse_history(std::string_view text) {
  std::optional<Branch> last;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    while (!line.empty() && line.front() == ' ')
      line.remove_prefix(1);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t gap = line.find_first_of("\t ");
    if (gap == line.npos) continue;
    Branch branch;
    const auto [end, fault] = std::from_chars(line.data(), line.data() + gap, branch.parent);
    const std::string_view rest = line.substr(std::min(line.find_first_not_of("\t ", gap), line.size()));
    const auto lsn = parse_lsn(rest.substr(0, rest.find_first_of("\t ")));
    if (fault != std::errc{} || end != line.data() + gap || !lsn) continue;
    branch.lsn = *lsn;
    last = branch;
  }
  return last;
}

std::optional<std::uint32_t> timeline_of_history(std::string_view name) {
  constexpr std::string_view k_ending = ".history";
  if (name.size() != 16 || !name.ends_with(k_ending)) return std::nullopt;
  const auto timeline = parse_hex(name.substr(0, 8));
  return timeline ? std::optional(static_cast<std::uint32_t>(*timeline)) : std::nullopt;
}

void WalListing::add_file(std::string_view path, Timestamp time) {
  const std::size_t slash = path.rfind('/');
  const std::string_view name = slash == path.npos ? path : path.substr(slash + 1);
  if (timeline_of_history(name)) {
    histories.emplace_back(name);
    return;
  }
  const std::string_view stem = name.substr(0, k_name_length);
  if (!is_segment_name(stem)) return;
  const std::string_view rest = name.substr(k_name_length);
  // ".partial" is no segment yet, ".00000028.backup" is a note beside one.
  if (!is_segment_ending(rest)) return;
  segments.insert_or_assign(std::string(stem), time);
}

WalRun follow(const WalListing& listing, Segment from, std::optional<Segment> newest) {
  WalRun run;
  const std::uint64_t size = listing.segment_size;
  for (Segment at = from;;) {
    const auto found = listing.segments.find(segment_name(at, size));
    if (found != listing.segments.end()) {
      run.last = at;
      run.last_time = found->second;
      if (const auto branch = branch_after(listing, at); branch && branch->timeline > at.timeline)
        at = *branch;
      else
        ++at.number;
      continue;
    }
    // The end, or a hole: is there anything later on this timeline?
    auto later = listing.segments.upper_bound(segment_name(at, size));
    const auto is_here = [&](const auto& place) {
      const auto segment = place == listing.segments.end() ? std::nullopt : parse_segment(place->first, size);
      return segment && segment->timeline == at.timeline ? segment : std::nullopt;
    };
    const auto next = is_here(later);
    const bool known = !newest || newest->timeline != at.timeline || at.number <= newest->number;
    if (!next && !(newest && newest->timeline == at.timeline && at.number <= newest->number)) return run;
    if (!known) return run;
    run.missing = at;
    std::uint64_t present = 0;
    std::uint64_t last_number = newest && newest->timeline == at.timeline ? newest->number : at.number;
    for (; is_here(later); ++later, ++present)
      last_number = std::max(last_number, is_here(later)->number);
    run.missing_count = last_number + 1 - at.number - present;
    return run;
  }
}

}  // namespace pgvigil::backups
