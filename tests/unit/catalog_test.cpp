#include "collectors/catalog.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>

using namespace pgvigil;
using namespace pgvigil::collectors;

namespace {

DefinitionFile file(const std::string& path,
                    const std::string& name,
                    const std::string& metric,
                    const std::string& more = "") {
  return {path, "name = \"" + name + "\"\nhelp = \"From " + path +
                    "\"\n[[query]]\nsql = \"select 1 as n\"\n[[metric]]\n" + "name = \"" + metric +
                    "\"\ntype = \"gauge\"\nvalue = \"n\"\nhelp = \"A number of ours.\"\n" + more};
}

std::string mistakes(const std::vector<DefinitionFile>& builtin, const std::vector<DefinitionFile>& user) {
  const auto catalog = build_catalog(builtin, user);
  if (catalog) return "";
  std::string lines;
  for (const Diagnostic& diagnostic : catalog.error())
    lines += to_string(diagnostic) + "\n";
  return lines;
}

}  // namespace

TEST_CASE("the built-in definitions are good", "[catalog]") {
  const auto catalog = load_catalog({});
  if (!catalog)
    for (const Diagnostic& diagnostic : catalog.error())
      FAIL_CHECK(to_string(diagnostic));
  REQUIRE(catalog);
  CHECK(catalog->size() == builtin_definition_files().size());
  CHECK(std::ranges::is_sorted(*catalog, {}, &Definition::name));
  for (const DefinitionFile& builtin : builtin_definition_files()) {
    const std::string name = builtin.name.substr(0, builtin.name.find('.'));
    INFO(builtin.name << " is named after its collector");
    CHECK(std::ranges::find(*catalog, name, &Definition::name) != catalog->end());
  }
}

TEST_CASE("every built-in definition tells its cost, and a source that a query of its own reads",
          "[catalog]") {
  const auto catalog = load_catalog({});
  REQUIRE(catalog);
  for (const Definition& definition : *catalog) {
    INFO(definition.file);
    CHECK(definition.cost);
    CHECK_FALSE(definition.source.empty());
    if (is_local(definition.kind)) continue;  // its sources are files
    for (const std::string& source : definition.source) {
      INFO(source);
      const std::string name = source.substr(0, source.find('('));
      CHECK(std::ranges::any_of(definition.queries,
                                [&](const QueryDefinition& query) { return query.sql.contains(name); }));
    }
  }
}

TEST_CASE("a user's file adds a collector, or replaces a built-in one by its name", "[catalog]") {
  const auto catalog =
      build_catalog({file("a.toml", "a", "a_n"), file("b.toml", "b", "b_n")},
                    {file("/etc/mine.toml", "b", "mine_n"), file("/etc/new.toml", "c", "b_n")});
  REQUIRE(catalog);
  REQUIRE(catalog->size() == 3);
  CHECK((*catalog)[0].file == "built-in a.toml");
  CHECK((*catalog)[1].name == "b");
  CHECK((*catalog)[1].file == "/etc/mine.toml");
  CHECK((*catalog)[1].metrics[0].name == "mine_n");
  CHECK((*catalog)[2].name == "c");
}

TEST_CASE("two files of the user cannot have one name", "[catalog]") {
  CHECK(mistakes({file("a.toml", "a", "a_n")},
                 {file("/etc/1.toml", "a", "x"), file("/etc/2.toml", "a", "y")}) ==
        "/etc/2.toml:1:1: collector 'a' is defined in /etc/1.toml too (A name stands for one file.)\n");
  CHECK(
      mistakes({file("1.toml", "a", "x"), file("2.toml", "a", "y")}, {}) ==
      "built-in 2.toml:1:1: collector 'a' is defined in built-in 1.toml too (A name stands for one file.)\n");
}

TEST_CASE("a metric of two collectors is named with both files", "[catalog]") {
  CHECK(mistakes({file("z.toml", "z", "n")}, {file("/etc/a.toml", "a", "n")}) ==
        "/etc/a.toml:5:1: metric 'n' is exported by collector 'z' too (built-in z.toml:5) (Rename it, or "
        "give this file "
        "the name of the collector that it replaces.)\n");
  SECTION("but not when they never meet") {
    CHECK(mistakes({file("z.toml", "z", "n", "versions = \"13-16\"\n")},
                   {file("/etc/a.toml", "a", "n", "versions = \"17-\"\n")}) == "");
    CHECK(mistakes({file("z.toml", "z", "n", "compatibility = [\"0.15\"]\n")},
                   {file("/etc/a.toml", "a", "n", "compatibility = [\"0.20\"]\n")}) == "");
  }
}

TEST_CASE("the mistakes of all files are told at once", "[catalog]") {
  CHECK(mistakes({file("a.toml", "a", "a_n")}, {{"/etc/1.toml", "name = 1\n"}, {"/etc/2.toml", "name"}}) ==
        "/etc/1.toml:1:1: missing key 'help'\n"
        "/etc/1.toml:1:1: missing [[query]]\n"
        "/etc/1.toml:1:1: missing [[metric]]\n"
        "/etc/1.toml:1:8: 'name' must be a string, not an integer\n"
        "/etc/2.toml:1:5: this is not TOML: key-value pair: encountered end-of-file\n");
}

#ifdef PGVIGIL_SOURCE_DIR
TEST_CASE("the example of docs/collectors.md is a good definition", "[catalog]") {
  std::ifstream stream(std::string(PGVIGIL_SOURCE_DIR) + "/docs/collectors.md");
  std::ostringstream page;
  page << stream.rdbuf();
  const std::string text = page.str();
  const std::size_t begin = text.find("```toml\n") + 8;
  const auto catalog =
      load_catalog({{"docs/collectors.md", text.substr(begin, text.find("```", begin) - begin)}});
  if (!catalog) FAIL(to_string(catalog.error().front()));
  CHECK(std::ranges::find(*catalog, "jobs", &Definition::name) != catalog->end());
}
#endif
