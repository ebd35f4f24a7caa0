#include "agent/config/environment.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <string>

using namespace pgvigil;
using namespace pgvigil::agent;

namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

std::expected<NamedServer, Diagnostic> named(const Variables& variables, const Variables& files = {}) {
  return server_from_environment(
      [&](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      },
      [&](const std::string& path) -> std::expected<std::string, std::string> {
        const auto found = files.find(path);
        if (found == files.end()) return std::unexpected("No such file or directory");
        return found->second;
      });
}

std::string mistake(const Variables& variables, const Variables& files = {}) {
  const auto server = named(variables, files);
  return server ? "none" : to_string(server.error());
}

}  // namespace

TEST_CASE("DATA_SOURCE_NAME goes before everything and is taken as it is", "[environment]") {
  const auto server = named({{"DATA_SOURCE_NAME", "postgresql://u:p%40ss@db/x?sslmode=disable"},
                             {"DATA_SOURCE_URI", "other:5432/y"},
                             {"DATA_SOURCE_USER", "other"},
                             {"DATA_SOURCE_PASS", "other"}});
  REQUIRE(server);
  CHECK(server->connection.dsn.reveal() == "postgresql://u:p%40ss@db/x?sslmode=disable");
  CHECK(server->connection.user == "");
  CHECK(server->connection.password_variable == "");
  CHECK(server->origin == "DATA_SOURCE_NAME");
}

TEST_CASE("DATA_SOURCE_URI has neither scheme nor user; user and password stay apart", "[environment]") {
  const auto server = named({{"DATA_SOURCE_URI", "db:5432/payments?sslmode=require"},
                             {"DATA_SOURCE_USER", "a@b:c/d?e#f%g"},
                             {"DATA_SOURCE_PASS", "p@:/?#% '\\"}});
  REQUIRE(server);
  CHECK(server->connection.dsn.reveal() == "postgresql://db:5432/payments?sslmode=require");
  CHECK(server->connection.user == "a@b:c/d?e#f%g");
  CHECK(server->connection.password_variable == "DATA_SOURCE_PASS");
  CHECK(server->origin == "DATA_SOURCE_URI");
}

TEST_CASE("a URI with a scheme is not given another", "[environment]") {
  CHECK(named({{"DATA_SOURCE_URI", "postgres://db/x"}})->connection.dsn.reveal() == "postgres://db/x");
}

TEST_CASE("the _FILE forms win, and those of secrets are read at each connect", "[environment]") {
  const auto server = named({{"DATA_SOURCE_URI", "unused"},
                             {"DATA_SOURCE_URI_FILE", "/run/uri"},
                             {"DATA_SOURCE_USER", "unused"},
                             {"DATA_SOURCE_USER_FILE", "/run/user"},
                             {"DATA_SOURCE_PASS", "unused"},
                             {"DATA_SOURCE_PASS_FILE", "/run/password"}},
                            {{"/run/uri", "  db:5432/payments\n"}});
  REQUIRE(server);
  CHECK(server->connection.dsn.reveal() == "postgresql://db:5432/payments");
  CHECK(server->connection.user == "");
  CHECK(server->connection.user_file == "/run/user");
  CHECK(server->connection.password_file == "/run/password");
  CHECK(server->connection.password_variable == "");
  CHECK(server->origin == "DATA_SOURCE_URI_FILE");
}

TEST_CASE("a DATA_SOURCE_URI_FILE that cannot be read or is empty is named", "[environment]") {
  CHECK(mistake({{"DATA_SOURCE_URI_FILE", "/run/uri"}}) ==
        "environment: DATA_SOURCE_URI_FILE: cannot read /run/uri: No such file or directory");
  CHECK(mistake({{"DATA_SOURCE_URI_FILE", "/run/uri"}}, {{"/run/uri", "\n"}}) ==
        "environment: DATA_SOURCE_URI_FILE: /run/uri is empty");
  CHECK(mistake({{"DATA_SOURCE_URI", "  "}}) == "environment: DATA_SOURCE_URI is empty");
}

TEST_CASE("with nothing set libpq finds its own way; user and password of ours still count",
          "[environment]") {
  const auto server = named({});
  REQUIRE(server);
  CHECK(server->connection == postgres::ConnectionSettings{});
  CHECK(server->origin == "libpq's environment (PG*)");
  CHECK(named({{"DATA_SOURCE_USER", "u"}, {"DATA_SOURCE_PASS", "p"}})->connection.user == "u");
}

TEST_CASE("a list of servers is refused with what to do", "[environment]") {
  const std::string hint = " (Write a configuration with a [[server]] for each of them.)";
  CHECK(mistake({{"DATA_SOURCE_NAME", "postgresql://a/x,postgresql://b/x"}}) ==
        "environment: DATA_SOURCE_NAME names more than one server" + hint);
  CHECK(mistake({{"DATA_SOURCE_URI", "a/x,postgres://b/x"}}) ==
        "environment: DATA_SOURCE_URI names more than one server" + hint);
  for (const char* list :
       {"postgres://a/x, postgres://b/y", "host=a user=u,host=b user=u", "host=a,host=b",
        "host=a dbname=x , dbname = y", "postgresql://a/x,host=b", "host=a,postgresql://b/x"})
    CHECK(names_several_servers(list));
}

TEST_CASE("commas within one server's DSN are no list", "[environment]") {
  for (const char* one :
       {"", "host=a", "postgresql://a/x", "host=a,b port=5432,5433 dbname=x",
        "postgresql://u@h1:5432,h2:5433/db", "postgresql://h1,h2/db?target_session_attrs=read-write",
        "host=a password='x,host=b'", "host=a password='it\\'s,host=b'", "host=a password=x\\',y",
        "postgresql://u:p,w@h/db", "host=a options='-c search_path=a,b'", "host=a,hostile.example",
        "host=/run/a,/run/b user=portly"})
    CHECK_FALSE(names_several_servers(one));
}

TEST_CASE("an empty variable of the process counts as not set", "[environment]") {
  const Environment environment = process_environment();
  ::setenv("PGVIGIL_TEST_VARIABLE", "x", 1);
  CHECK(environment("PGVIGIL_TEST_VARIABLE") == "x");
  ::setenv("PGVIGIL_TEST_VARIABLE", "", 1);
  CHECK(environment("PGVIGIL_TEST_VARIABLE") == std::nullopt);
  ::unsetenv("PGVIGIL_TEST_VARIABLE");
  CHECK(environment("PGVIGIL_TEST_VARIABLE") == std::nullopt);
}
