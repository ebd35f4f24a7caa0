#include "rules/promql/regex/regex.h"

#include <catch2/catch.hpp>
#include <string>

#include "rules/promql/hash.h"

using pgvigil::promql::Regex;

namespace {

bool matches(std::string_view pattern, std::string_view text) {
  auto regex = Regex::compile(pattern);
  REQUIRE(regex);
  return regex->matches(text);
}

std::string error_of(std::string_view pattern) {
  auto regex = Regex::compile(pattern);
  return regex ? "" : regex.error();
}

std::string replaced(std::string_view pattern, std::string_view replacement, std::string_view text) {
  auto regex = Regex::compile(pattern);
  REQUIRE(regex);
  auto groups = regex->match_groups(text);
  return groups ? regex->expand(replacement, text, *groups) : "no match";
}

}  // namespace

TEST_CASE("a regular expression matches the whole text or nothing") {
  CHECK(matches("a|b", "a"));
  CHECK_FALSE(matches("a|b", "ab"));
  CHECK(matches("template.*|", ""));
  CHECK(matches("template.*|", "template1"));
  CHECK_FALSE(matches("template.*|", "my template"));
  CHECK(matches(".*ccnew.*", "index_ccnew1"));
  CHECK(matches(".+-server", "api-server"));
  CHECK_FALSE(matches(".+-server", "-server"));
  CHECK(matches("a.b", "a\nb"));
  CHECK(matches("", ""));
  CHECK_FALSE(matches("^a", "ba"));
}

TEST_CASE("classes, repetitions and flags are those of RE2") {
  CHECK(matches("[a-c]+\\d{2,3}", "abc123"));
  CHECK_FALSE(matches("[a-c]+\\d{2,3}", "abc1"));
  CHECK(matches("[^[:alpha:]\\s]+", "12-34"));
  CHECK(matches("\\w+@\\w+\\.com", "user_1@host.com"));
  CHECK(matches("(?i)select.*", "SELECT 1"));
  CHECK(matches("x(?i:Y)z", "xyz"));
  CHECK_FALSE(matches("x(?i:Y)z", "xyZ"));
  CHECK(matches("a{,2}", "a{,2}"));
  CHECK(matches("\\Qa.b\\E+", "a.bb"));
  CHECK(matches("(?i)ÄÖ", "äö"));
  CHECK(matches("\\bfoo\\b.*", "foo bar"));
  CHECK(matches(".", "é"));
}

TEST_CASE("mistakes in a regular expression are named") {
  CHECK(error_of("(a") == "missing closing ): `(a`");
  CHECK(error_of("a)") == "unexpected ): `a)`");
  CHECK(error_of("*a") == "missing argument to repetition operator: `*`");
  CHECK(error_of("a**") == "invalid nested repetition operator: `**`");
  CHECK(error_of("[a") == "missing closing ]: `[a`");
  CHECK(error_of("a{2,1}") == "invalid repeat count: `{2,1}`");
  CHECK(error_of("((a{1000}){1000}){1000}") == "expression too large");
  std::string groups;  // what they may remember at once would be a gigabyte
  for (int i = 0; i < 3000; ++i)
    groups += "(..)";
  CHECK(error_of(groups) == "expression too large");
  CHECK(error_of(std::string(200, '(') + std::string(200, ')')).starts_with("expression nests too deeply"));
}

TEST_CASE("groups are leftmost-first, and stand in replacements") {
  CHECK(replaced("(.*?)-(.*)", "$2/$1", "a-b-c") == "b-c/a");
  CHECK(replaced("(.*)-(.*)", "$2/$1", "a-b-c") == "c/a-b");
  CHECK(replaced("(?P<host>[^:]+):(\\d+)", "${host}!$host!$2$$", "db:5432") == "db!db!5432$");
  CHECK(replaced("(a)|(b)", "[$1][$2][$9]", "b") == "[][b][]");
  CHECK(replaced("(a*)*", "$1", "aaa") == "aaa");
}

TEST_CASE("an expression that defeats backtracking takes linear time") {
  std::string pattern;
  for (int i = 0; i < 25; ++i)
    pattern += "a?";
  pattern += std::string(25, 'a');
  CHECK(matches(pattern, std::string(25, 'a')));
  CHECK_FALSE(matches("(a|aa)+b[c-d]", std::string(5000, 'a')));
}

TEST_CASE("xxhash64 gives the values of its specification") {
  CHECK(pgvigil::promql::xxhash64("") == 0xEF46DB3751D8E999);
  CHECK(pgvigil::promql::xxhash64("a") == 0xD24EC4F1A98C6E5B);
  CHECK(pgvigil::promql::xxhash64("Nobody inspects the spammish repetition") == 0xFBCEA83C8A378BF1);
}
