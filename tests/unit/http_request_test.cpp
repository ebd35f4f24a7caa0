#include <catch2/catch.hpp>

#include "agent/http/protocol.h"
#include "agent/http/request_head.h"
#include "agent/http/request_reader.h"
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

TEST_CASE("the end of a body is known before anything reads it") {
  using Kind = BodyFraming::Kind;
  const auto framing = [](const std::string& headers) {
    return inspect_head("POST / HTTP/1.1\r\n" + headers + "\r\n", 64).body;
  };
  CHECK(framing("Content-Length: 5\r\n") == BodyFraming{Kind::length, 5});
  CHECK(framing("content-length: 5\r\nContent-Length: 5\r\n") == BodyFraming{Kind::length, 5});
  CHECK(framing("TRANSFER-ENCODING: Chunked\r\n") == BodyFraming{Kind::chunked, 0});
  CHECK(framing("Content-Length: 0\r\n") == BodyFraming{});
  CHECK(framing("") == BodyFraming{});
}

// Request smuggling lives on bodies whose end two readers see in two places.
TEST_CASE("a body whose end is told in two ways, or in none, is refused") {
  const auto status = [](const std::string& headers) {
    const auto facts = inspect_head("POST / HTTP/1.1\r\n" + headers + "\r\n", 64);
    CHECK_FALSE(facts.keep_alive);
    return facts.refusal ? facts.refusal->status : 0;
  };
  CHECK(status("Content-Length: 5\r\nContent-Length: 6\r\n") == 400);
  CHECK(status("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") == 400);
  CHECK(status("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") == 400);
  CHECK(status("Content-Length: 5, 5\r\n") == 400);
  CHECK(status("Content-Length: 0\r\nContent-Length: 5\r\n") == 400);
  CHECK(status("Content-Length: 5\r\nContent-Length: 0\r\n") == 400);
  CHECK(status("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n") == 400);
  CHECK(status("Content-Length: -5\r\n") == 400);
  CHECK(status("Content-Length: 0x5\r\n") == 400);
  CHECK(status("Content-Length: 99999999999999999999\r\n") == 400);
  CHECK(status("Content-Length:\r\n") == 400);
  CHECK(status("Transfer-Encoding: gzip, chunked\r\n") == 501);
  CHECK(status("Expect: miracles\r\n") == 417);
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
  CHECK(status("GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n") == 0);
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

const Router& router() {
  static const Router routes(
      {{RouteKind::get, "/echo",
        [](const Request& request) {
          return Response{.body = request.accept + "|" + request.parameter("a").value_or("none"),
                          .headers = {{"Vary", "Accept"}, {"Bad", "a\r\nInjected: b"}}};
        }},
       {RouteKind::post, "/act", [](const Request&) { return Response{.status = 204}; }},
       {RouteKind::get_and_post,
        "/form",
        [](const Request& request) {
          std::string text;
          for (const auto& [name, value] : request.parameters)
            text += name + "=" + value + ";";
          return Response{.body = text};
        },
        "",
        {64, k_form_type}},
       {RouteKind::post,
        "/json",
        [](const Request& request) { return Response{.body = request.body}; },
        "",
        {64, "application/json"}},
       {RouteKind::get, "/thing/{id}", [](const Request&) { return Response{.body = "it"}; }},
       {RouteKind::remove, "/thing/{id}",
        [](const Request& request) { return Response{.body = "no more " + request.captured}; }},
       {RouteKind::get, "/label/{name}/values",
        [](const Request& request) { return Response{.body = request.captured}; }}});
  return routes;
}

/// The answers to all requests that `bytes` make, when they come `step` bytes at a time.
std::string answers(std::string_view bytes, std::size_t step) {
  const HttpLimits limits;
  const BodyRoom room = [](std::string_view head) { return router().body_room(head); };
  RequestReader reader(limits, room);
  Protocol protocol(router());
  std::string all;
  while (!bytes.empty()) {
    const auto count = std::min({bytes.size(), step, reader.room()});
    REQUIRE(count > 0);
    reader.add(bytes.substr(0, count));
    bytes.remove_prefix(count);
    if (reader.take_continue()) all += "(continue)";
    while (reader.complete()) {
      const Reply reply = protocol.answer(reader.take(), [] { return false; }).reply;
      all += reply.head;
      for (const auto& piece : reply.body)
        all += *piece;
      if (!reply.keep_alive) return all;
    }
  }
  return all;
}

std::string answer(std::string_view bytes) {
  return answers(bytes, 4096);
}

std::string post(std::string_view target, std::string_view headers, std::string_view body) {
  return "POST " + std::string(target) + " HTTP/1.1\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

std::string form(std::string_view target, std::string_view body) {
  return post(target,
              "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
                  std::to_string(body.size()) + "\r\n",
              body);
}

constexpr std::string_view k_chunked_form =
    "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\nTransfer-Encoding: chunked\r\n";

std::string body_in(const std::string& response) {
  return response.substr(response.find("\r\n\r\n") + 4);
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
  CHECK(refused("POST /thing/1 HTTP/1.1\r\n\r\n", "Allow: GET, HEAD, DELETE\r\n"));
  CHECK(answer("DELETE /thing/7 HTTP/1.1\r\n\r\n").ends_with("no more 7"));
  CHECK(answer("GET /thing/7 HTTP/1.1\r\n\r\n").ends_with("it"));
  CHECK(answer("DELETE /thing/7 HTTP/1.1\r\nContent-Length: 1\r\n\r\n").starts_with("HTTP/1.1 413"));
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

TEST_CASE("a form arrives before the parameters of the query, however it is cut") {
  for (const std::size_t step : {1, 2, 7, 4096}) {
    INFO(step);
    CHECK(body_in(answers(form("/form?a=1&b=2", "a=x%3Dy+z&c="), step)) == "a=x=y z;c=;a=1;b=2;");
    CHECK(body_in(answers(post("/form", k_chunked_form, "3\r\na=1\r\n4;x=y\r\n&b=2\r\n0\r\n\r\n"), step)) ==
          "a=1;b=2;");
  }
  CHECK(body_in(answer("GET /form?a=1 HTTP/1.1\r\n\r\n")) == "a=1;");
  CHECK(body_in(answer("POST /form?a=1 HTTP/1.1\r\n\r\n")) == "a=1;");
}

TEST_CASE("the next request begins behind a body") {
  const std::string two =
      answer(form("/form", "a=1") + form("/form", "b=2") + "GET /echo?a=3 HTTP/1.1\r\n\r\n");
  CHECK(two.find("\r\n\r\na=1;HTTP/1.1 200") != std::string::npos);
  CHECK(two.find("\r\n\r\nb=2;HTTP/1.1 200") != std::string::npos);
  CHECK(two.ends_with("|3"));
}

TEST_CASE("a client that waits for it is told to go on, once") {
  for (const std::size_t step : {1, 4096}) {
    const std::string head =
        "POST /form HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n"
        "Expect: 100-continue\r\n\r\n";
    // Byte for byte the body comes later than the head; in one piece nobody waits.
    const std::string response = answers(head + "a=1", step);
    CHECK(response.starts_with(step == 1 ? "(continue)HTTP/1.1 200" : "HTTP/1.1 200"));
    CHECK(response.find("100 Continue") == std::string::npos);
    CHECK(body_in(response) == "a=1;");
  }
  CHECK(answers("POST /form HTTP/1.1\r\nContent-Length: 65\r\nExpect: 100-continue\r\n\r\n", 1)
            .starts_with("HTTP/1.1 413"));
  CHECK(answers("POST /act HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", 1)
            .starts_with("HTTP/1.1 413"));
}

TEST_CASE("a body that a route does not take is refused, and the connection with it") {
  const auto refused = [](const std::string& request, std::string_view status) {
    const std::string response = answer(request);
    INFO(response);
    return response.starts_with("HTTP/1.1 " + std::string(status)) &&
           response.find("Connection: close\r\n") != std::string::npos;
  };
  CHECK(refused(form("/form", std::string(65, 'a')), "413"));
  CHECK(refused(form("/act", "a"), "413"));
  CHECK(refused(post("/form", k_chunked_form, "41\r\n" + std::string(65, 'a')), "413"));
  CHECK(refused(post("/form", k_chunked_form, "20\r\n" + std::string(32, 'a') + "\r\n21\r\n"), "413"));
  CHECK(refused(post("/form", k_chunked_form, "ffffffffffffffffff\r\n"), "413"));
  CHECK(refused(post("/form", k_chunked_form, "x\r\n"), "400"));
  CHECK(refused(post("/form", k_chunked_form, "1\r\naXX"), "400"));
  CHECK(refused(post("/form", k_chunked_form, "0\r\nTrailer: a\r\n\r\n"), "400"));
  CHECK(refused(post("/form", k_chunked_form, "1" + std::string(70, ' ')), "400"));
  CHECK(answer(form("/form", std::string(64, 'a'))).starts_with("HTTP/1.1 200"));
}

TEST_CASE("a body of another type than the route's is told which one it takes") {
  const std::string response = answer(form("/json", "a=1"));
  CHECK(response.starts_with("HTTP/1.1 415"));
  CHECK(response.ends_with("the body must be application/json\n"));
  CHECK(answer(post("/form", "Content-Length: 1\r\n", "a")).starts_with("HTTP/1.1 415"));
  CHECK(body_in(answer(
            post("/json", "Content-Type: Application/JSON ; a=b\r\nContent-Length: 2\r\n", "{}"))) == "{}");
  CHECK(answer(form("/form", "a=%zz")).starts_with("HTTP/1.1 400"));
}

TEST_CASE("a segment of a path may be a parameter") {
  CHECK(body_in(answer("GET /label/a%20b/values HTTP/1.1\r\n\r\n")) == "a b");
  for (const char* path :
       {"/label//values", "/label/values", "/label/a/b/values", "/label/a%2Fb/values", "/label/a"}) {
    INFO(path);
    CHECK(answer("GET " + std::string(path) + " HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
  }
}
