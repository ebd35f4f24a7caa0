#include <catch2/catch.hpp>

#include <chrono>
#include <limits>
#include <string>

#include "collectors/model/quantity.h"
#include "collectors/toml/document.h"

using namespace pgvigil;
using namespace std::chrono_literals;

namespace {

/// What a person sees of the mistakes, a line each.
std::string lines(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics)
    text += to_string(diagnostic) + "\n";
  return text;
}

/// Parses, lets `read` read, and gives the mistakes.
template <typename Read>
std::string mistakes_of(std::string_view text, Read read) {
  const auto document = TomlDocument::parse(text, "f.toml");
  REQUIRE(document);
  Diagnostics diagnostics;
  Section root = document->root(diagnostics);
  read(root);
  root.finish();
  sort_by_place(diagnostics);
  return lines(diagnostics);
}

std::string syntax_mistake(std::string_view text) {
  const auto document = TomlDocument::parse(text, "f.toml");
  REQUIRE_FALSE(document);
  return to_string(document.error());
}

constexpr std::string_view k_colours[] = {"red", "green", "blue"};

}  // namespace

TEST_CASE("every getter gives what the file says", "[toml]") {
  const std::string mistakes =
      mistakes_of(R"(
text = "one"
whole = 42
real = 2.5
also_real = 3
yes = true
pause = "1m30s"
size = "16MiB"
bare_size = 100
list = ["a", "b"]
colour = "green"
colours = ["blue", "red"]
[sub]
key = "below"
[[part]]
n = 1
[[part]]
n = 2
)",
                  [](Section& root) {
                    CHECK(root.string("text") == "one");
                    CHECK(root.integer("whole", 0, 100) == 42);
                    CHECK(root.number("real") == 2.5);
                    CHECK(root.number("also_real") == 3.0);
                    CHECK(root.boolean("yes") == true);
                    CHECK(root.duration("pause") == 90s);
                    CHECK(root.bytes("size") == Bytes{16 * 1024 * 1024});
                    CHECK(root.bytes("bare_size") == Bytes{100});
                    CHECK(root.strings("list") == std::vector<std::string>{"a", "b"});
                    CHECK(root.choice("colour", k_colours) == 1);
                    CHECK(root.choices("colours", k_colours) == std::vector<std::size_t>{2, 0});
                    auto sub = root.section("sub");
                    REQUIRE(sub);
                    CHECK(sub->string("key") == "below");
                    CHECK(sub->line() == 13);
                    CHECK(sub->line_of("key") == 14);
                    auto parts = root.sections("part");
                    REQUIRE(parts.size() == 2);
                    CHECK(parts[1].integer("n", 0, 9) == 2);
                    CHECK(parts[1].line() == 17);
                  });
  CHECK(mistakes == "");
}

TEST_CASE("an absent key gives nothing and is no mistake", "[toml]") {
  CHECK(mistakes_of("", [](Section& root) {
          CHECK_FALSE(root.string("a"));
          CHECK_FALSE(root.integer("a", 0, 1));
          CHECK_FALSE(root.number("a"));
          CHECK_FALSE(root.boolean("a"));
          CHECK_FALSE(root.duration("a"));
          CHECK_FALSE(root.bytes("a"));
          CHECK_FALSE(root.strings("a"));
          CHECK_FALSE(root.choice("a", k_colours));
          CHECK_FALSE(root.choices("a", k_colours));
          CHECK_FALSE(root.section("a"));
          CHECK(root.sections("a").empty());
          CHECK_FALSE(root.has("a"));
        }) == "");
}

TEST_CASE("a wrong type is named with its place and what was wanted", "[toml]") {
  CHECK(mistakes_of("a = 1\n", [](Section& root) { CHECK_FALSE(root.string("a")); }) ==
        "f.toml:1:5: 'a' must be a string, not an integer\n");
  CHECK(mistakes_of("\na = \"1\"\n", [](Section& root) { CHECK_FALSE(root.integer("a", 0, 9)); }) ==
        "f.toml:2:5: 'a' must be an integer, not a string\n");
  CHECK(mistakes_of("a = true\n", [](Section& root) { CHECK_FALSE(root.number("a")); }) ==
        "f.toml:1:5: 'a' must be a number, not a boolean\n");
  CHECK(mistakes_of("a = 1.5\n", [](Section& root) { CHECK_FALSE(root.boolean("a")); }) ==
        "f.toml:1:5: 'a' must be true or false, not a float\n");
  CHECK(
      mistakes_of("a = 15\n", [](Section& root) { CHECK_FALSE(root.duration("a")); }) ==
      "f.toml:1:5: 'a' must be a duration, not an integer (Write a number and a unit, in quotes: \"500ms\", "
      "\"15s\", \"1m30s\", \"2h\".)\n");
  CHECK(mistakes_of("a = 1979-05-27\n", [](Section& root) { CHECK_FALSE(root.bytes("a")); }) ==
        "f.toml:1:5: 'a' must be a size, not a date (Write \"64MB\", \"16MiB\" or a number of bytes.)\n");
  CHECK(mistakes_of("a = \"x\"\n", [](Section& root) { CHECK_FALSE(root.strings("a")); }) ==
        "f.toml:1:5: 'a' must be a list of strings, not a string\n");
  CHECK(mistakes_of("a = [\"x\",\n  3]\n", [](Section& root) { CHECK_FALSE(root.strings("a")); }) ==
        "f.toml:2:3: 'a' must be a string, not an integer\n");
  CHECK(mistakes_of("a = 1\n", [](Section& root) { CHECK_FALSE(root.section("a")); }) ==
        "f.toml:1:5: 'a' must be a table, not an integer (Write [a].)\n");
  CHECK(mistakes_of("[a]\n", [](Section& root) { CHECK(root.sections("a").empty()); }) ==
        "f.toml:1:1: 'a' must be an array of tables, not a table (Write [[a]].)\n");
  CHECK(mistakes_of("[[a]]\n", [](Section& root) { CHECK_FALSE(root.section("a")); }) ==
        "f.toml:1:1: 'a' must be a table, not an array (Write [a].)\n");
}

TEST_CASE("a value out of range is named with the range", "[toml]") {
  CHECK(mistakes_of("a = 0\n", [](Section& root) { CHECK_FALSE(root.integer("a", 1, 64)); }) ==
        "f.toml:1:5: 'a' must be from 1 to 64, not 0\n");
  CHECK(mistakes_of("a = \"10ms\"\n", [](Section& root) { CHECK_FALSE(root.duration("a", 1s)); }) ==
        "f.toml:1:5: 'a' must be at least 1s, not 10ms\n");
  CHECK(mistakes_of("a = \"0s\"\n", [](Section& root) { CHECK_FALSE(root.duration("a")); }) ==
        "f.toml:1:5: 'a' must be at least 1ms, not 0s\n");
  CHECK(mistakes_of("a = \"0s\"\n", [](Section& root) { CHECK(root.duration("a", 0ms) == 0ms); }) == "");
  CHECK(mistakes_of("a = -1\n", [](Section& root) { CHECK_FALSE(root.bytes("a")); }) ==
        "f.toml:1:5: 'a' must be a size, not '-1' (Write \"64MB\", \"16MiB\" or a number of bytes.)\n");
  CHECK(mistakes_of("a = nan\n", [](Section& root) { CHECK_FALSE(root.number("a")); }) ==
        "f.toml:1:5: 'a' must be a finite number\n");
  CHECK(mistakes_of("a = \"x\\u0000y\"\n", [](Section& root) { CHECK_FALSE(root.string("a")); }) ==
        "f.toml:1:5: 'a' holds a null character\n");
}

TEST_CASE("another word is named with those that there are and the nearest", "[toml]") {
  CHECK(mistakes_of("a = \"gren\"\n", [](Section& root) { CHECK_FALSE(root.choice("a", k_colours)); }) ==
        "f.toml:1:5: 'a' must be one of red, green, blue, not 'gren' (Did you mean 'green'?)\n");
  CHECK(mistakes_of("a = \"yellow\"\n", [](Section& root) { CHECK_FALSE(root.choice("a", k_colours)); }) ==
        "f.toml:1:5: 'a' must be one of red, green, blue, not 'yellow'\n");
  CHECK(mistakes_of("a = [\"red\", \"bleu\", \"red\"]\n",
                    [](Section& root) { CHECK_FALSE(root.choices("a", k_colours)); }) ==
        "f.toml:1:13: 'a' must be one of red, green, blue, not 'bleu' (Did you mean 'blue'?)\n"
        "f.toml:1:21: 'red' stands twice in 'a'\n");
  CHECK(mistakes_of("a = []\n", [](Section& root) { CHECK_FALSE(root.choices("a", k_colours)); }) ==
        "f.toml:1:5: 'a' must be a list of at least one of red, green, blue, not an array\n");
}

TEST_CASE("a key that nobody asked for is named with the nearest that somebody did", "[toml]") {
  const auto read = [](Section& root) {
    root.string("listen");
    root.integer("threads", 1, 9);
  };
  CHECK(mistakes_of("lisen = \"x\"\n", read) == "f.toml:1:1: unknown key 'lisen' (Did you mean 'listen'?)\n");
  CHECK(mistakes_of("\n  colour = 1\n", read) ==
        "f.toml:2:3: unknown key 'colour' (Known here: listen, threads.)\n");
  CHECK(mistakes_of("[thread]\n", read) == "f.toml:1:2: unknown key 'thread' (Did you mean 'threads'?)\n");
}

TEST_CASE("copies of a section share what they know", "[toml]") {
  CHECK(mistakes_of("a = 1\nb = 2\n", [](Section& root) {
          Section copy = root;
          copy.integer("a", 0, 9);
          copy.know("b");
        }) == "");
}

TEST_CASE("tables whose names the user chooses come in the order of the file", "[toml]") {
  const std::string mistakes =
      mistakes_of("[c.zebra]\nn = 1\n[c.ant]\nn = 2\n[c]\nodd = 3\n", [](Section& root) {
        auto children = root.section("c")->children();
        REQUIRE(children.size() == 2);
        CHECK(children[0].first == "zebra");
        CHECK(children[1].first == "ant");
        CHECK(children[1].second.integer("n", 0, 9) == 2);
      });
  CHECK(mistakes == "f.toml:6:7: 'odd' must be a table, not an integer (Write [odd].)\n");
  CHECK(mistakes_of("z = \"1\"\na = \"2\"\nb = 3\n", [](Section& root) {
          CHECK(root.keys() == std::vector<std::string>{"z", "a", "b"});
          const auto map = root.string_map();
          REQUIRE(map.size() == 2);
          CHECK(map[0] == std::pair<std::string, std::string>{"z", "1"});
        }) == "f.toml:3:5: 'b' must be a string, not an integer\n");
}

TEST_CASE("a missing key is named at its table", "[toml]") {
  CHECK(mistakes_of("x = 1\n\n[part]\n", [](Section& root) {
          root.know("x");
          CHECK_FALSE(root.section("part")->require("name"));
          CHECK(root.require("x"));
        }) == "f.toml:3:1: missing key 'name'\n");
}

TEST_CASE("a mistake within a text is named with the line and column of the file", "[toml]") {
  const auto at = [](std::size_t offset) {
    return [offset](Section& root) {
      root.string("t");
      root.report_within("t", offset, "here");
    };
  };
  SECTION("a text that begins on the line after its quotes") {
    const std::string_view file = "\nt = '''\nab\ncd\n'''\n";
    CHECK(mistakes_of(file, at(0)) == "f.toml:3:1: here\n");
    CHECK(mistakes_of(file, at(4)) == "f.toml:4:2: here\n");
  }
  SECTION("a text that begins beside its quotes") {
    const std::string_view file = "t = '''ab\ncd'''\n";
    CHECK(mistakes_of(file, at(4)) == "f.toml:2:2: here\n");
    CHECK(mistakes_of(file, at(1)) == "f.toml:1:5: here\n");
  }
  SECTION("a text of one line") {
    CHECK(mistakes_of("t = \"abcd\"\n", at(2)) == "f.toml:1:8: here\n");
    CHECK(mistakes_of("t = 'äbcd'\n", at(3)) == "f.toml:1:8: here\n");
  }
  SECTION("escapes hide the place: the text's own is given") {
    CHECK(mistakes_of("t = \"a\\tbcd\"\n", at(2)) == "f.toml:1:5: here\n");
    CHECK(mistakes_of("t = \"\"\"\nab \\\n  cd\n  ef\"\"\"\n", at(4)) == "f.toml:1:5: here\n");
  }
}

TEST_CASE("what is not TOML is one mistake with its place", "[toml]") {
  CHECK(syntax_mistake("a = 1\na = 2\n") ==
        "f.toml:2:5: this is not TOML: key-value pair: cannot redefine existing integer 'a'");
  CHECK(syntax_mistake("every = 15s\n") ==
        "f.toml:1:11: this is not TOML: decimal integer: expected digit, saw 's' (Text and durations stand "
        "in quotes.)");
  CHECK(syntax_mistake("level = info\n") ==
        "f.toml:1:12: this is not TOML: floating-point: expected value-terminator, saw 'o' (Text and "
        "durations stand in quotes.)");
  CHECK(syntax_mistake("level = warning\n") ==
        "f.toml:1:9: this is not TOML: value: could not determine value type (Text and durations stand in "
        "quotes.)");
  CHECK(syntax_mistake("a =\n") == "f.toml:1:4: this is not TOML: key-value pair: expected value, saw '\\n'");
  CHECK(syntax_mistake("a = \"\xff\"\n").starts_with("f.toml:1:5: this is not TOML: "));
}

TEST_CASE("a file cannot bring the process down by its depth or size", "[toml]") {
  std::string dotted = "x = 1\n";
  for (int i = 0; i < 200'000; ++i)
    dotted += "a.";
  CHECK(syntax_mistake(dotted + "a = 1\n") == "f.toml:2: a dotted key has more than 200 parts");
  std::string deep;
  for (int i = 0; i < 100; ++i)
    deep += "a.";
  CHECK(syntax_mistake(deep + "a = 1\n") == "f.toml:1:65: tables are more than 32 deep");
  CHECK(syntax_mistake(std::string(2'000'000, '#')) == "f.toml: the file is larger than 1 MiB (Split it.)");
  CHECK(syntax_mistake("a = " + std::string(100'000, '[')).starts_with("f.toml:1:"));
}

TEST_CASE("durations", "[toml]") {
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("15s") == 15s);
  CHECK(parse_duration("1m30s") == 90s);
  CHECK(parse_duration("2h") == 2h);
  CHECK(parse_duration("7d") == 168h);
  CHECK(parse_duration("1d2h3m4s5ms") == 26h + 3min + 4s + 5ms);
  for (const char* bad : {"", "s", "15", "15 s", "-1s", "1.5s", "1s1s", "1s1m", "1w", "1S", "s1",
                          "99999999999d", "999999999999999999999s", "36525d1ms"})
    CHECK_FALSE(parse_duration(bad));
  for (const char* text : {"0s", "1ms", "1m30s", "2h", "7d", "1d1ms"})
    CHECK(duration_text(*parse_duration(text)) == text);
}

TEST_CASE("sizes", "[toml]") {
  CHECK(parse_bytes("100") == Bytes{100});
  CHECK(parse_bytes("100B") == Bytes{100});
  CHECK(parse_bytes("64MB") == Bytes{64'000'000});
  CHECK(parse_bytes("16MiB") == Bytes{16'777'216});
  CHECK(parse_bytes("512kB") == Bytes{512'000});
  for (const char* text : {"0B", "999B", "1500B", "10kB", "64kB", "16MB", "16MiB", "1GiB", "3TB", "2049KiB"})
    CHECK(bytes_text(*parse_bytes(text)) == text);
  CHECK(parse_bytes("18446744073709551615") == Bytes{std::numeric_limits<std::uint64_t>::max()});
  for (const char* bad :
       {"", "MB", "1 MB", "-1", "1.5GB", "1mb", "1K", "18446744073709551616", "99999999999TiB"})
    CHECK_FALSE(parse_bytes(bad));
}
