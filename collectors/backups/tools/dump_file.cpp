#include "collectors/backups/tools/dump_file.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <set>

#include "collectors/model/instant.h"

namespace pgvigil::backups {
namespace {

/// An archive of pg_dump ends in the offset table or the data's end: zeros (seen in every variant of -Fc).
constexpr std::size_t k_custom_zeros = 5;
/// Two empty blocks (POSIX, ustar).
constexpr std::size_t k_tar_zeros = 1024;
constexpr std::uint64_t k_tar_block = 512;
constexpr std::size_t k_tar_magic = 257;

/// Reads the header of an archive of pg_dump (pg_backup_archiver.c, ReadHead).
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view head) : rest_(head) {}
  int byte() {
    if (rest_.empty()) {
      good_ = false;
      return 0;
    }
    const int value = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  /// A sign, then `int_size` bytes, the lowest first; 0 where that is beyond an int, which pg_dump has
  /// written there.
  int integer() {
    const bool is_negative = byte() != 0;
    std::uint64_t value = 0;
    for (int i = 0; i < int_size_; ++i)
      value |= static_cast<std::uint64_t>(byte()) << (8 * i);
    if (value > std::numeric_limits<int>::max()) {
      good_ = false;
      return 0;
    }
    return is_negative ? -static_cast<int>(value) : static_cast<int>(value);
  }
  std::string string() {
    const int length = integer();
    if (length < 0 || static_cast<std::size_t>(length) > rest_.size()) {
      good_ = good_ && length < 0;
      return "";
    }
    std::string text(rest_.substr(0, static_cast<std::size_t>(length)));
    rest_.remove_prefix(static_cast<std::size_t>(length));
    return text;
  }
  void skip(std::size_t count) { rest_.remove_prefix(std::min(count, rest_.size())); }
  void set_int_size(int size) { int_size_ = std::clamp(size, 1, 8); }
  bool good() const { return good_; }

 private:
  std::string_view rest_;
  int int_size_ = 4;
  bool good_ = true;
};

/// Seconds, minutes, hours, day, month from 0 on, years since 1900: as struct tm has them.
std::optional<Timestamp> time_of(const std::array<int, 7>& parts) {
  using namespace std::chrono;
  constexpr std::array<int, 6> k_most = {60, 59, 23, 31, 11, 9999};
  for (std::size_t i = 0; i < k_most.size(); ++i)
    if (parts[i] < 0 || parts[i] > k_most[i]) return std::nullopt;
  const auto date = year{parts[5] + 1900} / (parts[4] + 1) / parts[3];
  if (!date.ok()) return std::nullopt;
  return nearest_timestamp(sys_days{date} + hours{parts[2]} + minutes{parts[1]} + seconds{parts[0]});
}

/// The number of the format, and the time and the database.
int read_header(std::string_view head, DumpFile& dump) {
  HeaderReader reader(head.substr(5));
  const int major = reader.byte();
  const int minor = reader.byte();
  reader.byte();  // revision
  reader.set_int_size(reader.byte());
  reader.byte();  // size of an offset
  const int format = reader.byte();
  // The method of compression became a byte with version 1.15 (PostgreSQL 16).
  if (major > 1 || minor >= 15)
    reader.byte();
  else
    reader.integer();
  std::array<int, 7> time{};
  for (int& part : time)
    part = reader.integer();
  dump.database = reader.string();
  if (reader.good()) dump.begun = time_of(time);
  return format;
}

bool ends_in_zeros(std::string_view tail, std::size_t count) {
  return tail.size() >= count &&
         std::ranges::all_of(tail.substr(tail.size() - count), [](char c) { return c == '\0'; });
}

void damage(DumpFile& dump, std::string why) {
  dump.state = State::damaged;
  dump.why = std::move(why);
}

void judge_archive(const Content& content, DumpFile& dump) {
  constexpr int k_directory = 3;
  const bool is_directory = read_header(content.head, dump) == k_directory;
  dump.format = is_directory ? DumpFormat::directory : DumpFormat::custom;
  if (!is_directory && !ends_in_zeros(content.tail, k_custom_zeros))
    damage(dump, "it is cut off: its end is missing");
}

void judge_plain(const Content& content, DumpFile& dump) {
  const bool is_cluster = content.head.contains("-- PostgreSQL database cluster dump");
  dump.format = is_cluster ? DumpFormat::cluster : DumpFormat::plain;
  dump.globals = is_cluster;
  const std::set<std::string> databases(content.connects.begin(), content.connects.end());
  dump.databases.assign(databases.begin(), databases.end());
  std::erase_if(dump.databases,
                [](const std::string& name) { return name == "template1" || name == "template0"; });
  // Since August 2025 a line "\unrestrict ..." follows.
  const std::string_view end =
      is_cluster ? "-- PostgreSQL database cluster dump complete" : "-- PostgreSQL database dump complete";
  if (!content.tail.contains(end))
    damage(dump, "it is cut off: it does not end with '" + std::string(end.substr(3)) + "'");
}

bool is_plain(std::string_view head) {
  return head.contains("-- PostgreSQL database dump") || head.contains("-- PostgreSQL database cluster dump");
}

void judge_content(const Content& content, DumpFile& dump) {
  if (content.head.starts_with("PGDMP")) return judge_archive(content, dump);
  if (content.head.size() > k_tar_magic + 5 && content.head.substr(k_tar_magic, 5) == "ustar") {
    dump.format = DumpFormat::tar;
    // Its table of contents is the first member, and begins as a file of its own does.
    if (content.head.substr(512, 5) == "PGDMP") read_header(std::string_view(content.head).substr(512), dump);
    const bool has_whole_blocks = content.size % k_tar_block == 0;
    if (!has_whole_blocks || !ends_in_zeros(content.tail, k_tar_zeros))
      damage(dump, "it is cut off: a tar ends in two empty blocks");
    return;
  }
  if (is_plain(content.head)) return judge_plain(content, dump);
  damage(dump, content.size == 0 ? "it holds nothing" : "it is no dump of PostgreSQL");
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Where a time begins: eight digits, or four, a dash, two.
std::size_t find_time(std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (i > 0 && is_digit(name[i - 1])) continue;
    const auto digits = [&](std::size_t from, std::size_t count) {
      return from + count <= name.size() && std::ranges::all_of(name.substr(from, count), is_digit);
    };
    if (digits(i, 8)) return i;
    if (digits(i, 4) && i + 10 <= name.size() && name[i + 4] == '-' && digits(i + 5, 2) && name[i + 7] == '-')
      return i;
  }
  return name.npos;
}

}  // namespace

DumpFile judge_dump(const Content& content) {
  DumpFile dump;
  switch (content.packing) {
    case Packing::gpg:
    case Packing::age:
      dump.encrypted = true;
      dump.state = State::unproven;
      dump.why = "it is encrypted, and no manifest tells what is in it";
      break;
    case Packing::none:
    case Packing::gzip:
    case Packing::zstd:
    case Packing::xz:
    case Packing::bzip2:
    case Packing::lz4:
      if (!content.obstacle.empty()) {
        dump.state = State::unproven;
        dump.why = content.obstacle;
      } else if (content.whole) {
        judge_content(content, dump);
      } else {
        damage(dump, "it is cut off or damaged: it does not unpack to its end");
      }
      break;
  }
  return dump;
}

DumpName parse_dump_name(std::string_view name) {
  const std::size_t at = find_time(name);
  DumpName parsed;
  std::string_view stem = name.substr(0, at);
  if (at != name.npos) {
    std::size_t end = at;
    while (end < name.size() && name[end] != '.' &&
           (is_digit(name[end]) || std::string_view("-_T:Z").contains(name[end])))
      ++end;
    while (end > at && std::string_view("-_:").contains(name[end - 1]))
      --end;
    parsed.time = name.substr(at, end - at);
    if (stem.empty() && end < name.size()) stem = name.substr(end + 1);
  }
  stem = stem.substr(0, stem.find('.'));
  while (!stem.empty() && std::string_view("-_.").contains(stem.back()))
    stem.remove_suffix(1);
  parsed.database = stem;
  return parsed;
}

std::vector<std::string> data_files_of(std::string_view contents) {
  std::set<std::string> names;
  constexpr std::string_view k_ending = ".dat";
  for (std::size_t at = contents.find(k_ending); at != contents.npos; at = contents.find(k_ending, at + 1)) {
    std::size_t begin = at;
    while (begin > 0 && is_digit(contents[begin - 1]))
      --begin;
    if (begin < at) names.emplace(contents.substr(begin, at + k_ending.size() - begin));
  }
  return {names.begin(), names.end()};
}

bool ends_as_copy(std::string_view tail) {
  return tail.ends_with("\\.\n\n\n");
}

}  // namespace pgvigil::backups
