#include <catch2/catch.hpp>

#include "agent/commands/probe.h"
#include "agent/http/listener.h"
#include "agent/http/server.h"

using namespace pgvigil;
using namespace pgvigil::agent;

TEST_CASE("a probe asks a path or a URL") {
  CHECK(parse_probe_target("/livez", std::nullopt).value() == ProbeTarget{"127.0.0.1", "9187", "/livez"});
  CHECK(parse_probe_target("/m?a=b", "db:80").value() == ProbeTarget{"db", "80", "/m?a=b"});
  CHECK(parse_probe_target("/livez", "db").value() == ProbeTarget{"db", "9187", "/livez"});
  CHECK(parse_probe_target("/livez", ":9188").value() == ProbeTarget{"127.0.0.1", "9188", "/livez"});
  CHECK(parse_probe_target("/livez", "[::1]:9188").value() == ProbeTarget{"::1", "9188", "/livez"});
  CHECK(parse_probe_target("http://db:9187/metrics", std::nullopt).value() ==
        ProbeTarget{"db", "9187", "/metrics"});
  CHECK(parse_probe_target("http://db", std::nullopt).value() == ProbeTarget{"db", "80", "/"});
  CHECK(parse_probe_target("http://[::1]/x", std::nullopt).value() == ProbeTarget{"::1", "80", "/x"});
}

TEST_CASE("a place that cannot be asked is named") {
  for (const char* place : {"livez", "", "https://db/livez", "http://", "http:///livez", "http://a:b/livez",
                            "http://a:/livez", "http://[]/", "http://::1/", "/a b", "/a\r\nX: y"}) {
    INFO(place);
    const auto target = parse_probe_target(place, std::nullopt);
    REQUIRE_FALSE(target);
    CHECK(target.error().kind == ErrorKind::configuration);
  }
  CHECK_FALSE(parse_probe_target("/livez", "a b"));
  CHECK_FALSE(parse_probe_target("http://db/livez", "db:80"));
}

namespace {

Deadline soon(int milliseconds = 5'000) {
  return Deadline::clock::now() + std::chrono::milliseconds(milliseconds);
}

}  // namespace

TEST_CASE("a probe returns the status") {
  auto server = Server::bind("127.0.0.1", 0).value();
  server->start({{RouteKind::get, "/livez", [](const Request&) { return Response{.body = "alive\n"}; }},
                 {RouteKind::get, "/readyz", [](const Request&) { return Response{.status = 503}; }}});
  const std::string port = std::to_string(server->port());
  CHECK(probe({"127.0.0.1", port, "/livez"}, soon()).value() == 200);
  CHECK(probe({"127.0.0.1", port, "/readyz"}, soon()).value() == 503);
  CHECK(probe({"127.0.0.1", port, "/nothing"}, soon()).value() == 404);
}

TEST_CASE("a probe of nobody says so") {
  int port = 0;
  {
    const auto listener = Listener::bind("127.0.0.1", 0).value();
    port = listener.port();
  }
  const auto answer = probe({"127.0.0.1", std::to_string(port), "/livez"}, soon());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::unreachable);
}

TEST_CASE("a probe of a listener that never answers ends by its deadline") {
  const auto listener = Listener::bind("127.0.0.1", 0).value();
  const auto answer = probe({"127.0.0.1", std::to_string(listener.port()), "/livez"}, soon(100));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::timed_out);
}
