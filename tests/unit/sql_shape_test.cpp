#include <catch2/catch.hpp>

#include "collectors/sql_shape.h"

using pgvigil::collectors::check_sql_shape;

namespace {

/// "offset: message", or "good".
std::string verdict(std::string_view sql) {
  const auto checked = check_sql_shape(sql);
  if (checked) return "good";
  return std::to_string(checked.error().offset) + ": " + checked.error().message;
}

}  // namespace

TEST_CASE("a query that reads is good", "[sql_shape]") {
  for (const char* sql :
       {"select 1", "SELECT 1", "  \n with a as (select 1) select * from a", "show server_version",
        "table pg_class", "values (1)", "(select 1) union (select 2)", "-- a; b\nselect 1",
        "/* a; /* b; */ c; */ select 1", "select ';', \";\", 'it''s;', E'\\';', $$;$$, $a$;$$;$a$",
        "select $1", "select a$b, c$$ from t", "select '\\' , ';'", "select u&'\\0061;'",
        "select 1 -- the end", "select 1::text || e'a''b;'"})
    CHECK(verdict(sql) == "good");
}

TEST_CASE("a second statement is refused where it begins", "[sql_shape]") {
  CHECK(verdict("select 1;") == "8: a ';' in the query");
  CHECK(verdict("select 1; drop table t") == "8: a ';' in the query");
  CHECK(verdict("select '''; drop") == "7: the quote ' that begins here has no end");
  CHECK(verdict("select ''''; drop") == "11: a ';' in the query");
  CHECK(verdict("select '\\'; drop table t --'") == "10: a ';' in the query");
  CHECK(verdict("select e'\\'; drop table t --'") == "good");
  CHECK(verdict("select $a$ $b$; $a$; x") == "19: a ';' in the query");
  CHECK(verdict("select 1 /* /* */ */; x") == "20: a ';' in the query");
  CHECK(verdict("select 1 -- x\n; y") == "14: a ';' in the query");
}

TEST_CASE("what does not read is refused", "[sql_shape]") {
  CHECK(verdict("delete from t") == "0: the query begins with 'delete'");
  CHECK(verdict("/* select */ VACUUM") == "13: the query begins with 'vacuum'");
  CHECK(verdict("selection") == "0: the query begins with 'selection'");
  CHECK(verdict("'select'") == "0: the query begins with '''");
  CHECK(verdict("") == "0: the query is empty");
  CHECK(verdict("  -- nothing\n /* at all */ ") == "0: the query is empty");
  CHECK(verdict("()") == "1: the query begins with ')'");
}

TEST_CASE("quotes and comments must end", "[sql_shape]") {
  CHECK(verdict("select 'a") == "7: the quote ' that begins here has no end");
  CHECK(verdict("select e'a\\'") == "7: the quote ' that begins here has no end");
  CHECK(verdict("select \"a") == "7: the quote \" that begins here has no end");
  CHECK(verdict("select $x$ a $y$") == "7: the quote $x$ that begins here has no end");
  CHECK(verdict("select 1 /* /* */") == "9: the comment that begins here has no end");
}
