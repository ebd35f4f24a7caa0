#include "collectors/postgres/server_error.h"

#include <catch2/catch.hpp>

using pgvigil::ErrorKind;
using pgvigil::postgres::kind_of_sqlstate;
using pgvigil::postgres::server_error;

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

TEST_CASE("what a pooler refuses has a kind by its text, and a hint") {
  const auto kind = [](const char* message) {
    const auto error = server_error("08P01", message, "");
    CHECK(!error.hint.empty());
    return error.kind;
  };
  CHECK(kind("no more connections allowed (max_client_conn)") == ErrorKind::too_many_connections);
  CHECK(kind("query_wait_timeout") == ErrorKind::too_many_connections);
  CHECK(kind("server login has been failing, try again later (server_login_retry)") ==
        ErrorKind::unreachable);
  CHECK(kind("client_login_timeout (server down)") == ErrorKind::unreachable);
  CHECK(kind("password authentication failed") == ErrorKind::authentication);
  CHECK(kind("no such user: pgvigil") == ErrorKind::authentication);
  CHECK(kind("no such database: payments") == ErrorKind::undefined);
  CHECK(kind("unsupported startup parameter: options") == ErrorKind::configuration);
  CHECK(kind("something new") == ErrorKind::connection_lost);
}

TEST_CASE("a hint of ours goes before the server's") {
  CHECK(server_error("42501", "permission denied", "theirs").hint == "Grant pg_monitor to pgvigil's role.");
  CHECK(server_error("22012", "division by zero.", "theirs").hint == "theirs");
  CHECK(server_error("22012", "division by zero.", "").message == "division by zero (SQLSTATE 22012)");
}
