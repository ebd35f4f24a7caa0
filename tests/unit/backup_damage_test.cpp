#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "collectors/backups/files/content.h"
#include "collectors/backups/files/json_text.h"
#include "collectors/backups/files/proof_cache.h"
#include "collectors/backups/model/wal.h"
#include "collectors/backups/tools/dump_file.h"
#include "collectors/backups/tools/pgbackrest_info.h"
#include "collectors/backups/tools/reader.h"

using namespace pgvigil;
using namespace pgvigil::backups;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// A folder for one test.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("pgvigil-damage-" + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }
  std::string file(const std::string& name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return (path_ / name).string();
  }

 private:
  const fs::path path_;
};

/// Nobody in place of root, who may enter every folder.
class Nobody {
 public:
  Nobody() {
    if (::getuid() == 0) REQUIRE(::seteuid(65534) == 0);
  }
  ~Nobody() {
    if (::getuid() == 0) (void)!::seteuid(0);
  }
  Nobody(const Nobody&) = delete;
  Nobody& operator=(const Nobody&) = delete;
};

Reading read(Tool tool, const fs::path& folder) {
  return read_source({.source = {.tool = tool, .directory = folder.string()},
                      .segment_size = {},
                      .now = std::chrono::system_clock::now(),
                      .deadline = Deadline::clock::now() + 1min,
                      .stop = {},
                      .proofs = std::make_shared<ProofCache>()});
}

/// The beginning of an archive of pg_dump 1.15: seven parts of a time, then the name of the database.
std::string header(std::uint8_t int_size, std::string_view part) {
  std::string text("PGDMP\x01\x0f\x00", 8);
  text += static_cast<char>(int_size);
  text += std::string("\x08\x01\x00", 3);
  for (int i = 0; i < 7; ++i)
    text += part;
  return text + std::string(5, '\0');
}

}  // namespace

TEST_CASE("a link in circles among backups ends nothing", "[backups]") {
  const Folder folder;
  fs::create_symlink("circle", folder.path() / "circle");
  fs::create_symlink("circle.dump", folder.path() / "circle.dump");
  folder.file("shop.sql", "--\n-- PostgreSQL database dump\n--\n\n-- PostgreSQL database dump complete\n");
  const Reading dumps = read(Tool::dumps, folder.path());
  REQUIRE(dumps.repositories.size() == 1);
  CHECK(dumps.repositories[0].backups.size() == 1);
  const Reading base = read(Tool::base_backups, folder.path());
  CHECK_FALSE(base.trouble);
}

TEST_CASE("a folder among backups that may not be entered ends nothing, and is told", "[backups]") {
  const Folder folder;
  fs::permissions(folder.path(), fs::perms::all);
  fs::create_directory(folder.path() / "20261123T020000Z");
  fs::permissions(folder.path() / "20261123T020000Z", fs::perms::none);
  const Reading dumps = [&] {
    const Nobody nobody;
    CHECK_FALSE(read(Tool::base_backups, folder.path()).trouble);
    return read(Tool::dumps, folder.path());
  }();
  REQUIRE(dumps.repositories.size() == 1);
  REQUIRE(dumps.repositories[0].backups.size() == 1);
  CHECK(dumps.repositories[0].backups[0].state == State::unproven);
  CHECK(dumps.repositories[0].backups[0].why == "its folder cannot be read: Permission denied");
}

TEST_CASE("a history file that is none ends nothing", "[backups]") {
  CHECK_FALSE(parse_history("1\t\n"));
  CHECK_FALSE(parse_history("1  "));
  CHECK(timeline_of_history("0000000A.history") == 10U);
  CHECK_FALSE(timeline_of_history("oldnotes.history"));
  CHECK_FALSE(timeline_of_history("00000002.partial"));
}

TEST_CASE("a time beyond the year 2262 lies ahead, and one before 1970 behind", "[backups]") {
  const auto now = std::chrono::system_clock::now();
  CHECK(parse_time("9999-12-31T23:59:59Z").value() > now + 24h * 365 * 50);
  CHECK(parse_time("0001-01-01T00:00:00Z") == Timestamp{});
  const auto listing = parse_pgbackrest_listing(
      R"({"000000010000000000000001":{"time":253402300799},"000000010000000000000002":{"time":-9223372036854775808},
          "000000010000000000000003":{"time":18446744073709551615}})");
  REQUIRE(listing);
  CHECK(listing->segments.at("000000010000000000000001") > now);
  CHECK(listing->segments.at("000000010000000000000002") == Timestamp{});
  CHECK(listing->segments.at("000000010000000000000003") == Timestamp{});
}

TEST_CASE("a dump whose header holds numbers that are none tells no time", "[backups]") {
  const auto begun = [](std::uint8_t int_size, std::string_view part) {
    Content content;
    content.head = header(int_size, part);
    return judge_dump(content).begun;
  };
  CHECK(begun(4, std::string_view("\x00\x01\x00\x00\x00", 5)));
  CHECK_FALSE(begun(4, "\x01\x01\x01\x01\x7f"));
  CHECK_FALSE(begun(4, std::string_view("\x00\xff\xff\xff\x7f", 5)));
  CHECK_FALSE(begun(8, std::string_view("\x01\x00\x00\x00\x00\x00\x00\x00\x80", 9)));
  CHECK_FALSE(begun(8, "\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
}

TEST_CASE("a file whose time was over at its last byte is read on, and whole", "[backups]") {
  const Folder folder;
  // zstd --no-check of 128 KiB of zeros: all of it is one block, which comes out in two steps.
  constexpr std::string_view k_packed(
      "\x28\xb5\x2f\xfd\x00\x58\x55\x00\x00\x10\x00\x00\x01\x00\xfb\xff\x39\xc0\x02", 19);
  const std::string path = folder.file("zeros.zst", k_packed);
  for (auto patience = 0us; patience < 300us; ++patience) {
    ContentReader reader(path, {.memory = Bytes{24 << 20}});
    auto content = reader.read(Deadline::clock::now() + patience, {});
    if (!content) content = reader.read(Deadline::clock::now() + 1min, {});
    REQUIRE(content);
    REQUIRE(content->whole);
    REQUIRE(content->size == 128 << 10);
  }
}

TEST_CASE("a dump of a cluster without end of databases takes bounded memory", "[backups]") {
  const Folder folder;
  std::string text = "-- PostgreSQL database cluster dump\n";
  for (int i = 0; i < 30'000; ++i)
    text += "\\connect shop\n";
  const std::string path = folder.file("all.sql", text);
  const auto content =
      ContentReader(path, {.memory = Bytes{24 << 20}}).read(Deadline::clock::now() + 1min, {});
  REQUIRE(content);
  CHECK(content->connects.size() == 10'000);
}
