#include "agent/config/load.h"

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

const std::string k_mine = R"(name = "mine"
help = "Mine"
[[query]]
sql = "select 1 as n, 'x' as place"
[[metric]]
name = "my_number"
type = "gauge"
value = "n"
labels = ["place"]
help = "A number of mine."
)";

const collectors::Definition& collector(const Config& config, std::string_view name) {
  const auto found = std::ranges::find(config.definitions, name, &collectors::Definition::name);
  REQUIRE(found != config.definitions.end());
  return *found;
}

/// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "pgvigil_config_XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, const std::string& text) const {
    const fs::path path = path_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
  std::string path(const std::string& name = "") const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

std::string first_mistake(const std::expected<Config, Diagnostics>& config) {
  return config ? "none" : to_string(config.error().front());
}

const Environment k_no_environment = [](std::string_view) -> std::optional<std::string> {
  return std::nullopt;
};

}  // namespace

TEST_CASE("files are read from the disk, and definitions from collectors.d beside them", "[config_files]") {
  const Folder folder;
  const std::string file = folder.write("pgvigil.toml", "[collector.mine]\nevery = \"3s\"\n");
  folder.write("collectors.d/mine.toml", k_mine);
  folder.write("collectors.d/README.md", "no definition");
  folder.write("collectors.d/.hidden.toml", "no definition");
  const auto config = load_config(file, k_no_environment);
  REQUIRE(first_mistake(config) == "none");
  CHECK(collector(*config, "mine").every == 3s);
  CHECK(config_folders(file, nullptr, k_no_environment) ==
        std::vector{folder.path().substr(0, folder.path().size() - 1), folder.path("collectors.d"),
                    folder.path("rules.d")});
}

TEST_CASE("a mounted ConfigMap is read through its links", "[config_files]") {
  const Folder folder;
  folder.write("..2026_01/mine.toml", k_mine);
  folder.write("..2026_01/pgvigil.toml", "[collect]\ndirectory = \".\"\n[collector.mine]\nevery = \"3s\"\n");
  fs::create_directory_symlink("..2026_01", folder.path("..data"));
  fs::create_symlink("..data/mine.toml", folder.path("mine.toml"));
  fs::create_directories(folder.path("other"));
  fs::create_symlink("../..data/pgvigil.toml", folder.path("other/pgvigil.toml"));
  const auto here = load_config(folder.path("..data/pgvigil.toml"), k_no_environment);
  // The folder of the configuration holds the configuration itself, which is no definition.
  CHECK(first_mistake(here).contains("pgvigil.toml:1:1: missing key 'name'"));
  folder.write("..2026_01/pgvigil.toml", "[collect]\ndirectory = \"..\"\n[collector.mine]\nevery = \"3s\"\n");
  const auto linked = load_config(folder.path("other/pgvigil.toml"), k_no_environment);
  REQUIRE(first_mistake(linked) == "none");
  CHECK(collector(*linked, "mine").every == 3s);
}

TEST_CASE("a file or folder that cannot be read is a mistake, a missing collectors.d is none",
          "[config_files]") {
  const Folder folder;
  CHECK(first_mistake(load_config(folder.path("none.toml"), k_no_environment)) ==
        folder.path("none.toml") + ": cannot read the file: No such file or directory");
  CHECK(first_mistake(load_config(folder.path(), k_no_environment)) ==
        folder.path() + ": cannot read the file: it is a directory");
  const std::string file = folder.write("pgvigil.toml", "");
  CHECK(first_mistake(load_config(file, k_no_environment)) == "none");
  folder.write("pgvigil.toml", "[collect]\ndirectory = \"mine.d\"\n");
  CHECK(first_mistake(load_config(file, k_no_environment)) ==
        folder.path("mine.d") + ": cannot read the directory: No such file or directory");
  folder.write("mine.d/good.toml", k_mine);
  fs::create_directories(folder.path("mine.d/folder.toml"));
  REQUIRE(::mkfifo(folder.path("mine.d/pipe.toml").c_str(), 0600) == 0);
  CHECK(first_mistake(load_config(file, k_no_environment)) == "none");
  fs::create_symlink("gone", folder.path("mine.d/bad.toml"));
  CHECK(first_mistake(load_config(file, k_no_environment)) ==
        folder.path("mine.d/bad.toml") + ": cannot read the file: No such file or directory");
}

TEST_CASE("the content changes with every file that would be read", "[config_files]") {
  const Folder folder;
  const std::string file = folder.write("pgvigil.toml", "");
  std::vector<std::string> contents = {config_content(file, k_no_environment)};
  const auto changed = [&] {
    contents.push_back(config_content(file, k_no_environment));
    return contents.back() != contents[contents.size() - 2];
  };
  CHECK_FALSE(changed());
  folder.write("collectors.d/mine.toml", k_mine);
  CHECK(changed());
  folder.write("collectors.d/mine.toml", k_mine + "# more\n");
  CHECK(changed());
  folder.write("pgvigil.toml", "[collect]\ndirectory = \"other.d\"\nbad = 1\n");
  CHECK(changed());
  folder.write("collectors.d/mine.toml", k_mine);
  CHECK_FALSE(changed());
  folder.write("other.d/mine.toml", k_mine);
  CHECK(changed());
  const Config in_force = *load_config(folder.write("old/pgvigil.toml", ""), k_no_environment);
  CHECK(config_folders(file, &in_force, k_no_environment) ==
        std::vector{folder.path().substr(0, folder.path().size() - 1), folder.path("old/collectors.d"),
                    folder.path("old/rules.d"), folder.path("other.d"), folder.path("rules.d")});
  SECTION("the file of DATA_SOURCE_URI_FILE too") {
    const std::string uri = folder.write("secrets/uri", "db:5432/x");
    const Environment environment = [&](std::string_view name) -> std::optional<std::string> {
      return name == "DATA_SOURCE_URI_FILE" ? std::optional(uri) : std::nullopt;
    };
    const std::string before = config_content(std::nullopt, environment);
    folder.write("secrets/uri", "db:5433/x");
    CHECK(config_content(std::nullopt, environment) != before);
    CHECK(config_folders(std::nullopt, nullptr, environment) == std::vector{folder.path("secrets")});
  }
}

TEST_CASE("a file with mistakes is still served where it says", "[config_files]") {
  const Folder folder;
  CHECK(salvage_http(folder.write("c.toml", "[http]\nlisten = \":1234\"\nthreads = 0\n[nonsense]\n")).port ==
        1234);
  CHECK(salvage_http(folder.write("c.toml", "[http\n")) == HttpConfig{});
  CHECK(salvage_http(folder.path("none.toml")) == HttpConfig{});
  CHECK(salvage_http(std::nullopt) == HttpConfig{});
}
