#include "collectors/postgres/server_error.h"

#include <catch2/catch.hpp>

using pgvigil::ErrorKind;
using pgvigil::postgres::kind_of_sqlstate;

TEST_CASE("a SQLSTATE has the kind that decides what is done about it") {
  CHECK(kind_of_sqlstate("28P01") == ErrorKind::authentication);
  CHECK(kind_of_sqlstate("53300") == ErrorKind::too_many_connections);
  CHECK(kind_of_sqlstate("57P03") == ErrorKind::not_accepting);
  CHECK(kind_of_sqlstate("57P01") == ErrorKind::not_accepting);
  CHECK(kind_of_sqlstate("57014") == ErrorKind::cancelled);
  CHECK(kind_of_sqlstate("55P03") == ErrorKind::lock_timeout);
  CHECK(kind_of_sqlstate("42501") == ErrorKind::permission);
  CHECK(kind_of_sqlstate("42P01") == ErrorKind::undefined);
  CHECK(kind_of_sqlstate("22012") == ErrorKind::query);
}
