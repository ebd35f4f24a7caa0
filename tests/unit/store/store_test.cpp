#include "agent/store/store.h"

#include <unistd.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace pgvigil;
using namespace pgvigil::agent;
namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 2> k_steps = {
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, value REAL);",
    "ALTER TABLE notes ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue';"};

constexpr StoreRoom k_old_room{"notes", std::span(k_steps).first(1)};
constexpr StoreRoom k_room{"notes", k_steps};

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "pgvigil-store-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
  std::unique_ptr<Store> open(std::span<const StoreRoom> rooms = std::span(&k_room, 1)) const {
    return Store::open(path.string(), rooms);
  }
  fs::path file() const { return path / "pgvigil.db"; }
};

void add(Store& store, std::string_view text, double value = 1) {
  auto transaction = store.begin();
  REQUIRE(transaction);
  REQUIRE(transaction->run("INSERT INTO notes (text, value) VALUES (?, ?)", {text, value}));
  REQUIRE(transaction->commit());
}

std::vector<std::string> texts(Store& store) {
  std::vector<std::string> all;
  auto transaction = store.begin();
  REQUIRE(transaction);
  REQUIRE(transaction->query("SELECT text FROM notes ORDER BY id", {},
                             [&](const SqlRow& row) { all.emplace_back(row.text(0)); }));
  return all;
}

}  // namespace

TEST_CASE("what is committed is there after the file is opened again", "[store]") {
  const Folder folder;
  {
    const auto store = folder.open();
    CHECK(store->status().path == folder.file().string());
    add(*store, "one");
    add(*store, "");
    auto abandoned = store->begin();
    REQUIRE(abandoned->run("INSERT INTO notes (text) VALUES (?)", {"undone"}));
  }
  const auto store = folder.open();
  CHECK(texts(*store) == std::vector<std::string>{"one", ""});
  CHECK(store->status().bytes > 0);
  CHECK(store->status().errors == 0);
}

TEST_CASE("values come back as they were, and NaN as NULL", "[store]") {
  const auto store = Store::open("", std::span(&k_room, 1));
  add(*store, "nan", std::nan(""));
  add(*store, "inf", INFINITY);
  auto transaction = store->begin();
  std::vector<double> values;
  REQUIRE(transaction->query("SELECT value FROM notes ORDER BY id", {}, [&](const SqlRow& row) {
    CHECK(row.is_null(0) == std::isnan(row.real(0)));
    values.push_back(row.real(0));
  }));
  CHECK(std::isnan(values.at(0)));
  CHECK(values.at(1) == INFINITY);
}

TEST_CASE("an older file gets the steps that it lacks, once", "[store]") {
  const Folder folder;
  add(*folder.open(std::span(&k_old_room, 1)), "old");
  for (int time = 0; time < 2; ++time) {
    const auto store = folder.open();
    auto transaction = store->begin();
    std::string colour;
    REQUIRE(
        transaction->query("SELECT colour FROM notes", {}, [&](const SqlRow& row) { colour = row.text(0); }));
    CHECK(colour == "blue");
    CHECK(store->status().set_aside == 0);
  }
}

TEST_CASE("a file of a newer pgvigil is set aside whole", "[store]") {
  const Folder folder;
  add(*folder.open(), "kept");
  {
    const auto store = folder.open(std::span(&k_old_room, 1));
    CHECK(store->status().set_aside == 1);
    CHECK(store->status().path == folder.file().string());
    CHECK(texts(*store).empty());
  }
  fs::remove(folder.file());
  fs::rename(folder.file().string() + ".newer", folder.file());
  CHECK(texts(*folder.open()) == std::vector<std::string>{"kept"});
}

TEST_CASE("a damaged file is set aside, and a fresh one takes its place", "[store]") {
  const Folder folder;
  {
    const auto store = folder.open();
    auto transaction = store->begin();
    for (int i = 0; i < 500; ++i)
      (void)transaction->run("INSERT INTO notes (text) VALUES (?)", {std::string(100, 'x')});
    REQUIRE(transaction->commit());
  }
  SECTION("no SQLite file at all") {
    std::ofstream(folder.file()) << std::string(5'000, '?');
  }
  SECTION("pages in the middle overwritten") {
    std::fstream file(folder.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4'096);
    file << std::string(20'000, '?');
  }
  SECTION("cut short") {
    fs::resize_file(folder.file(), 6'000);
  }
  const auto store = folder.open();
  CHECK(store->status().set_aside == 1);
  CHECK(texts(*store).empty());
  CHECK(fs::exists(folder.file().string() + ".damaged"));
  add(*store, "goes on");
}

TEST_CASE("a directory that cannot be used leaves the store in memory, and says why", "[store]") {
  const Folder folder;
  const fs::path in_the_way = folder.path / "file";
  std::ofstream(in_the_way) << "not a directory";
  const auto store = Store::open((in_the_way / "state").string(), std::span(&k_room, 1));
  CHECK(store->status().path.empty());
  CHECK(store->directory().empty());
  CHECK(store->status().why_in_memory.find((in_the_way / "state").string()) != std::string::npos);
  add(*store, "works");
  CHECK(texts(*store).size() == 1);
}

TEST_CASE("a directory is one process's at a time", "[store]") {
  const Folder folder;
  auto first = folder.open();
  CHECK(folder.open()->status().why_in_memory.find("another pgvigil") != std::string::npos);
  first.reset();
  CHECK(folder.open()->status().why_in_memory.empty());
}

TEST_CASE("after a failure a transaction commits nothing", "[store]") {
  const auto store = Store::open("", std::span(&k_room, 1));
  {
    auto transaction = store->begin();
    REQUIRE(transaction->run("INSERT INTO notes (text) VALUES (?)", {"lost"}));
    REQUIRE_FALSE(transaction->run("INSERT INTO notes (text) VALUES (?)", {nullptr}));
    CHECK_FALSE(transaction->run("INSERT INTO notes (text) VALUES (?)", {"after"}));
    const auto committed = transaction->commit();
    REQUIRE_FALSE(committed);
    CHECK(committed.error().kind == ErrorKind::storage);
  }
  CHECK(texts(*store).empty());
  CHECK(store->status().errors == 1);
}

TEST_CASE("threads take turns", "[store]") {
  const auto store = Store::open("", std::span(&k_room, 1));
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) {
          auto transaction = store->begin();
          (void)transaction->run("INSERT INTO notes (text) VALUES (?)", {"x"});
          (void)transaction->commit();
        }
      });
  }
  CHECK(texts(*store).size() == 200);
}
