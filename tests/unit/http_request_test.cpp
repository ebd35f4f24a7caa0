#include <catch2/catch.hpp>

#include "agent/http/protocol.h"
#include "agent/http/request_head.h"
#include "agent/http/request_target.h"

using namespace pgvigil::agent;
using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("a head ends behind its blank line") {
  CHECK(head_end("GET / HTTP/1.1\r\n\r\n") == 18);
  CHECK(head_end("GET / HTTP/1.1\r\nA: b\r\n\r\nGET") == 24);
  CHECK_FALSE(head_end("GET / HTTP/1.1\r\n"));
  CHECK_FALSE(head_end(""));
  // Bare newlines end it too, so that it can be refused at once.
  CHECK(head_end("GET / HTTP/1.1\n\n") == 16);
}

TEST_CASE("a head is found wherever the search stopped before") {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t from = 0; from < head.size(); ++from) {
    INFO(from);
    CHECK(head_end(head, from) == head.size());
  }
}

TEST_CASE("the connection is kept as HTTP/1.1 says") {
  CHECK(inspect_head("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 64).keep_alive);
  CHECK(inspect_head("GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n", 64).keep_alive);
  CHECK_FALSE(inspect_head("GET / HTTP/1.1\r\nconnection: foo, Close\r\n\r\n", 64).keep_alive);
  CHECK_FALSE(inspect_head("GET / HTTP/1.0\r\n\r\n", 64).keep_alive);
}

TEST_CASE("a body is seen before anything reads it") {
  CHECK(inspect_head("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", 64).announces_body);
  CHECK(inspect_head("POST / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n", 64).announces_body);
  CHECK(inspect_head("POST / HTTP/1.1\r\nTRANSFER-ENCODING: chunked\r\n\r\n", 64).announces_body);
  CHECK_FALSE(inspect_head("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 64).announces_body);
  CHECK_FALSE(inspect_head("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", 64).keep_alive);
}

TEST_CASE("what no parser should see is refused") {
  const auto status = [](std::string_view head) {
    const auto facts = inspect_head(head, 4);
    return facts.refusal ? facts.refusal->status : 0;
  };
  CHECK(status("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n") == 0);
  CHECK(status("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n\r\n") == 431);
  CHECK(status("GET / HTTP/1.1\r\nA: 1") == 431);
  CHECK(status("GET / HTTP/1.1\r\nRange: bytes=0-1\r\n\r\n") == 400);
  CHECK(status("GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n") == 417);
  CHECK(status("GET / HTTP/1.1\r\nA b: 1\r\n\r\n") == 400);
  CHECK(status("GET / HTTP/1.1\r\nA: 1\r\n  folded\r\n\r\n") == 400);
  CHECK(status("GET / HTTP/1.1\r\nno colon\r\n\r\n") == 400);
  CHECK(status("GET / HTTP/1.1\nA: 1\n\n") == 400);
  CHECK(status("GET / HTTP/1.1\r\nA: 1\nB: 2\r\n\r\n") == 400);
  CHECK(status(std::string_view("GET /\0 HTTP/1.1\r\n\r\n", 19)) == 400);
  CHECK(status(std::string_view("GET / HTTP/1.1\r\nA: \0\r\n\r\n", 24)) == 400);
}

TEST_CASE("gzip is sent to those who take it") {
  CHECK(accepts_gzip("gzip"));
  CHECK(accepts_gzip("br, GZIP;q=0.5"));
  CHECK(accepts_gzip("deflate, *;q=0.1"));
  CHECK_FALSE(accepts_gzip(""));
  CHECK_FALSE(accepts_gzip("br"));
  CHECK_FALSE(accepts_gzip("gzip;q=0"));
  CHECK_FALSE(accepts_gzip("gzip; q=0.000, *"));
  CHECK_FALSE(accepts_gzip("identity, *;q=0"));
}

TEST_CASE("a target is a path and its parameters") {
  CHECK(parse_request_target("/metrics") == RequestTarget{"/metrics", {}});
  CHECK(parse_request_target("/m?collect[]=a&collect%5B%5D=b&x") ==
        RequestTarget{"/m", Pairs{{"collect[]", "a"}, {"collect[]", "b"}, {"x", ""}}});
  CHECK(parse_request_target("/q?query=up%7Bjob%3D%22a+b%22%7D") ==
        RequestTarget{"/q", Pairs{{"query", "up{job=\"a b\"}"}}});
  CHECK(parse_request_target("/a%20b+c#fragment") == RequestTarget{"/a b+c", {}});
  CHECK(parse_request_target("/?&&=x&a=&") == RequestTarget{"/", Pairs{{"a", ""}}});
}

// cpp-httplib keeps only what follows the last '=', and drops a repeated pair.
TEST_CASE("a query as PromQL writes it arrives whole") {
  CHECK(parse_request_target("/q?query=a{b=\"c=d\"}") ==
        RequestTarget{"/q", Pairs{{"query", "a{b=\"c=d\"}"}}});
  CHECK(parse_request_target("/q?m=1&m=1") == RequestTarget{"/q", Pairs{{"m", "1"}, {"m", "1"}}});
}

TEST_CASE("a target that is none is refused") {
  for (const char* target :
       {"", "metrics", "http://host/", "*", "/%", "/%4", "/%zz", "/%+1", "/a?b=%", "/a?%=b"}) {
    INFO(target);
    CHECK_FALSE(parse_request_target(target));
  }
}

namespace {

std::string answer(std::string_view head) {
  const Router router({{RouteKind::get, "/echo",
                        [](const Request& request) {
                          return Response{
                              .body = request.accept + "|" + request.parameter("a").value_or("none"),
                              .headers = {{"Vary", "Accept"}, {"Bad", "a\r\nInjected: b"}}};
                        }},
                       {RouteKind::post, "/act", [](const Request&) { return Response{.status = 204}; }}});
  Protocol protocol(router, 64);
  const Reply reply = protocol.answer(head).reply;
  std::string all = reply.head;
  for (const auto& piece : reply.body)
    all += *piece;
  return all;
}

}  // namespace

TEST_CASE("a response is exactly its own") {
  CHECK(answer("GET /echo?a=1 HTTP/1.1\r\nAccept: x/y\r\nAccept: z\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nContent-Type: text/plain; charset=utf-8\r\nVary: Accept\r\n"
        "X-Content-Type-Options: nosniff\r\n\r\nx/y, z|1");
}

TEST_CASE("a head request has the headers of the page and no body") {
  const std::string head = answer("HEAD /echo HTTP/1.1\r\n\r\n");
  CHECK(head.find("Content-Length: 5\r\n") != std::string::npos);
  CHECK(head.ends_with("\r\n\r\n"));
  CHECK(head.find("Accept-Ranges") == std::string::npos);
}

TEST_CASE("routes answer to their methods only") {
  CHECK(answer("POST /act HTTP/1.1\r\nContent-Length: 0\r\n\r\n").starts_with("HTTP/1.1 204"));
  const auto refused = [](std::string_view head, std::string_view allow) {
    const std::string response = answer(head);
    INFO(response);
    return response.starts_with("HTTP/1.1 405") && response.find(allow) != std::string::npos;
  };
  CHECK(refused("GET /act HTTP/1.1\r\n\r\n", "Allow: POST\r\n"));
  CHECK(refused("POST /echo HTTP/1.1\r\n\r\n", "Allow: GET, HEAD\r\n"));
  CHECK(refused("PUT /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\n", "Allow: GET, HEAD\r\n"));
  CHECK(refused("DELETE /nowhere HTTP/1.1\r\n\r\n", "Allow: GET, HEAD\r\n"));
  CHECK(refused("OPTIONS /act HTTP/1.1\r\n\r\n", "Allow: POST\r\n"));
  CHECK(answer("POST /act HTTP/1.1\r\nContent-Length: 1\r\n\r\n").starts_with("HTTP/1.1 413"));
  CHECK(answer("GET /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").starts_with("HTTP/1.1 413"));
}

TEST_CASE("an unknown path is told what there is, but never itself") {
  const std::string response = answer("GET /nowhere%3Cscript%3E HTTP/1.1\r\n\r\n");
  CHECK(response.starts_with("HTTP/1.1 404"));
  CHECK(response.find("/echo") != std::string::npos);
  CHECK(response.find("POST /act") != std::string::npos);
  CHECK(response.find("script") == std::string::npos);
}

TEST_CASE("what the parser behind cannot read is a 400 and the end") {
  for (const char* head : {"GET /echo\r\n\r\n", "BREW / HTTP/1.1\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
                           "\r\n\r\n", "GET /a /b HTTP/1.1\r\n\r\n", "GET * HTTP/1.1\r\n\r\n"}) {
    INFO(head);
    const std::string response = answer(head);
    CHECK(response.starts_with("HTTP/1.1 400"));
  }
  CHECK(answer("GET / HTTP/2.0\r\n\r\n").find("Connection: close\r\n") != std::string::npos);
}
