#include "collectors/postgres/sql_text.h"

#include <catch2/catch.hpp>

using pgvigil::postgres::normalised;
using pgvigil::postgres::shortened;

TEST_CASE("constants become parameters", "[sql_text]") {
  CHECK(normalised("select * from orders where id = 42 and note = 'private'") ==
        "select * from orders where id = $1 and note = $2");
  CHECK(normalised("insert into t values ($1, 1.5e-3, E'a\\'b', $$body$$)") ==
        "insert into t values ($1, $2, $3, $4)");
}

TEST_CASE("comments go, and white space is one space", "[sql_text]") {
  CHECK(normalised("select a -- of 4711\n  from /* the /* secret */ table */ t  ") == "select a from t");
}

TEST_CASE("no literal is left in any kind of statement", "[sql_text]") {
  const char* statement = GENERATE(
      "alter role app password 's3cret'",
      "create role app login encrypted password 's3cret' valid until 's3cret'",
      "create user app password $$s3cret$$", "create user app password $x$s3cret$x$",
      "set my.token = 's3cret'", "set session authorization 's3cret'",
      "copy t from '/s3cret' with (delimiter 's3cret')", "comment on table t is 's3cret'",
      "comment on table t is E's3cret\\n'", "do $do$ begin perform 's3cret'; end $do$",
      "create subscription s connection 'host=h password=s3cret' publication p",
      "create server s foreign data wrapper w options (password 's3cret')",
      "create user mapping for app server s options (user 'u', password 's3cret')",
      "create function f() returns text language sql as $f$ select 's3cret' $f$", "notify c, 's3cret'",
      "security label on table t is 's3cret'", "alter system set primary_conninfo = 'password=s3cret'",
      "explain select * from t where a = 's3cret'", "prepare p as select 's3cret'", "execute p('s3cret')",
      "declare c cursor for select 's3cret'", "create table t2 as select 's3cret' as a",
      "create table t3 (a text default 's3cret')", "create view v as select U&'s3cret' as a",
      "select a from t where b = N's3cret'", "select 'a' /* s3cret */ -- s3cret\n, 's3cret' 'x'");
  const auto text = normalised(statement);
  INFO(statement << " -> " << text.value_or("(withheld)"));
  CHECK((!text || !text->contains("s3cret")));
}

TEST_CASE("numbers do not stay either", "[sql_text]") {
  for (const char* statement : {"alter sequence s restart with 4711", "set statement_timeout = 4711",
                                "create sequence s start 4711", "alter role app connection limit 4711",
                                "select a from t limit 4711 offset .4711", "set seed to 0.4711e5"}) {
    const auto text = normalised(statement);
    INFO(statement << " -> " << text.value_or("(withheld)"));
    REQUIRE(text);
    CHECK_FALSE(text->contains("4711"));
  }
}

TEST_CASE("names stay, with the digits in them", "[sql_text]") {
  CHECK(normalised("select t1.\"a 2\" from s1.t1") == "select t1.\"a 2\" from s1.t1");
}

TEST_CASE("what the grammar does not take is withheld", "[sql_text]") {
  CHECK_FALSE(normalised("select 's3cret"));
  CHECK_FALSE(normalised("selct 's3cret'"));
  CHECK_FALSE(normalised("select 'it\\'s s3cret'"));
  CHECK(normalised("") == "");
}

TEST_CASE("a text is cut between two characters", "[sql_text]") {
  CHECK(shortened("select", 6) == "select");
  CHECK(shortened("select a", 6) == "select...");
  CHECK(shortened("gr\u00fc\u00dfe", 3) == "gr...");
  CHECK(shortened("gr\u00fc\u00dfe", 4) == "gr\u00fc...");
}

TEST_CASE("a statement that nests as deep as it is long is withheld, and ends nothing") {
  for (const std::string level :
       {"+1", " is null", "::int", " collate \"C\"", " at time zone x", " union select 1"}) {
    std::string sql = "select 1";
    for (int i = 0; i < 100'000; ++i)
      sql += level;
    CHECK_FALSE(normalised(sql));
  }
  std::string long_list = "select a from b where c in ($1";
  for (int i = 2; i < 20'000; ++i)
    long_list += ", $" + std::to_string(i);
  CHECK(normalised(long_list + ")"));
}
