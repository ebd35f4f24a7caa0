#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "collectors/model/diagnostic.h"
#include "collectors/model/names.h"
#include "collectors/model/utf8.h"

using namespace pgvigil;

TEST_CASE("metric names are those that Prometheus accepts") {
  for (const char* good : {"pg_up", "_x", "job:rate5m", "A9"})
    CHECK(MetricName::parse(good));
  for (const char* bad : {"", "9lives", "pg-up", "pg up", "größe"})
    CHECK_FALSE(MetricName::parse(bad));
}

TEST_CASE("label names are those that Prometheus accepts and leaves to us") {
  for (const char* good : {"datname", "_x", "A9"})
    CHECK(LabelName::parse(good));
  for (const char* bad : {"", "9x", "a:b", "a-b", "__name__"})
    CHECK_FALSE(LabelName::parse(bad));
}

TEST_CASE("any text has a nearest metric name") {
  CHECK(MetricName::from("pg_settings_plpgsql.extra-errors").text() == "pg_settings_plpgsql_extra_errors");
  CHECK(MetricName::from("9lives").text() == "_9lives");
  CHECK(MetricName::from("").text() == "_");
}

TEST_CASE("well-formed UTF-8 is told from ill-formed") {
  CHECK(is_utf8("plain, größe, 日本, 🐘"));
  for (const char* bad : {"\x80", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "a\xFFz"}) {
    CHECK_FALSE(is_utf8(bad));
    CHECK(is_utf8(repaired_utf8(bad)));
  }
  CHECK(repaired_utf8("a\xFFz") == "a\xEF\xBF\xBDz");
}

TEST_CASE("the nearest word is found, and none when nothing is near") {
  const std::vector<std::string_view> words = {"listen", "threads", "max_connections"};
  CHECK(nearest("lisen", words) == "listen");
  CHECK(nearest("lsiten", words) == "listen");
  CHECK(nearest("max_connection", words) == "max_connections");
  CHECK(nearest("zebra", words).empty());
}

TEST_CASE("a diagnostic names file, line, column and the way out") {
  CHECK(to_string(Diagnostic{"pgvigil.toml", 3, 1, "unknown key 'lisen'", "Did you mean 'listen'?"}) ==
        "pgvigil.toml:3:1: unknown key 'lisen' (Did you mean 'listen'?)");
  CHECK(to_string(Diagnostic{"pgvigil.toml", 0, 0, "cannot read it", ""}) == "pgvigil.toml: cannot read it");
}
