#include "agent/http/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "agent/http/connection_loop.h"
#include "agent/http/listener.h"
#include "tests/unit/http_client.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace pgvigil::test;
using namespace std::chrono_literals;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t k_growth = 200'000;  // kB: the sanitizers keep freed memory
#else
constexpr std::size_t k_growth = 8'000;  // kB
#endif

/// What the observer was told.
class Told {
 public:
  HttpObserver observer() {
    return {[this](std::string_view route, int status, double seconds) {
              const std::lock_guard lock(mutex_);
              ++answers_[std::string(route) + " " + std::to_string(status)];
              seconds_ += seconds;
            },
            [this](CloseReason reason) {
              const std::lock_guard lock(mutex_);
              ++closed_[reason];
            }};
  }
  int answers(const std::string& what) {
    const std::lock_guard lock(mutex_);
    return answers_[what];
  }
  int closed(CloseReason reason) {
    const std::lock_guard lock(mutex_);
    return closed_[reason];
  }
  double seconds() {
    const std::lock_guard lock(mutex_);
    return seconds_;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> answers_;
  std::map<CloseReason, int> closed_;
  double seconds_ = 0;
};

Body::Piece piece(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

const std::string& big_text() {
  static const std::string text(20'000'000, 'x');
  return text;
}

/// Compared here: a failed CHECK would print both.
bool is_big(std::string_view response) {
  return body_of(response) == big_text();
}

/// The same text, made in pieces while it is sent.
Body made_text() {
  const auto sent = std::make_shared<std::size_t>(0);
  const auto next = [sent]() -> Body::Piece {
    const std::string_view rest = std::string_view(big_text()).substr(*sent, 64'000);
    *sent += rest.size();
    return rest.empty() ? nullptr : piece(std::string(rest));
  };
  return {next, big_text().size()};
}

std::vector<Route> test_routes() {
  static const Body::Piece big = piece(big_text());
  return {
      {RouteKind::get, "/hello", [](const Request&) { return Response{.body = "hello\n"}; }, "says hello"},
      {RouteKind::get, "/pieces",
       [](const Request&) {
         return Response{.body = std::vector{piece("one "), piece(""), piece("two "), piece("three")},
                         .encoding = ContentEncoding::gzip};
       }},
      {RouteKind::get, "/big", [](const Request&) { return Response{.body = std::vector{big}}; }},
      {RouteKind::get, "/made", [](const Request&) { return Response{.body = made_text()}; }},
      {RouteKind::get, "/throws",
       [](const Request&) -> Response { throw std::runtime_error("password=secret in DSN"); }},
      {RouteKind::post, "/-/reload", [](const Request&) { return Response{.body = "done\n"}; }},
      {RouteKind::post, "/form",
       [](const Request& request) { return Response{.body = request.parameter("a").value_or("none")}; }, "",
       k_form_body},
      {RouteKind::get,
       "/slow",
       [](const Request& request) {
         while (!request.abandoned())
           std::this_thread::sleep_for(5ms);
         return Response{.status = 503};
       },
       "",
       {},
       Lane::slow},
  };
}

/// Times that a test can wait for.
HttpLimits quick_limits() {
  HttpLimits limits;
  limits.read_time = 500ms;
  limits.write_time = 60s;
  limits.idle_time = 60s;
  return limits;
}

struct TestServer {
  explicit TestServer(HttpLimits limits = quick_limits())
      : server(Server::bind("127.0.0.1", 0, limits).value()) {
    server->start(test_routes(), told.observer());
  }
  int port() const { return server->port(); }
  bool answers() const { return body_of(http_get(port(), "/hello")) == "hello\n"; }

  Told told;
  std::unique_ptr<Server> server;
};

std::string get_request(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

template <typename Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return condition();
}

}  // namespace

TEST_CASE("http: pages are served, and nothing else") {
  TestServer test;
  const std::string hello = http_get(test.port(), "/hello?x=y");
  CHECK(status_of(hello) == "200");
  CHECK(body_of(hello) == "hello\n");
  CHECK(header_of(hello, "Content-Type") == "text/plain; charset=utf-8");
  CHECK(header_of(hello, "Connection") == "close");
  const std::string unknown = http_get(test.port(), "/secret-of-the-client");
  CHECK(status_of(unknown) == "404");
  CHECK(unknown.find("secret-of-the-client") == std::string::npos);
  CHECK(unknown.find("/hello  says hello") != std::string::npos);
}

TEST_CASE("http: prepared pieces are joined and sent as they are") {
  TestServer test;
  const std::string response = http_get(test.port(), "/pieces", "Accept-Encoding: gzip\r\n");
  CHECK(header_of(response, "Content-Encoding") == "gzip");
  CHECK(header_of(response, "Content-Length") == "13");
  CHECK(body_of(response) == "one two three");
}

TEST_CASE("http: nothing is compressed on the way, whatever the client would take") {
  TestServer test;
  const std::string response = http_get(test.port(), "/hello", "Accept-Encoding: br, gzip, deflate\r\n");
  CHECK(header_of(response, "Content-Encoding").empty());
  CHECK(body_of(response) == "hello\n");
}

TEST_CASE("http: head has the headers without the body") {
  TestServer test;
  RawClient client(test.port());
  client.send("HEAD /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string response = client.read_all();
  CHECK(status_of(response) == "200");
  CHECK(header_of(response, "Content-Length") == std::to_string(big_text().size()));
  CHECK(body_of(response).empty());
}

TEST_CASE("http: post only where a route wants it") {
  TestServer test;
  RawClient client(test.port());
  client.send("POST /-/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  CHECK(body_of(client.read_response()) == "done\n");
  client.send("POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  const std::string refused = client.read_response();
  CHECK(status_of(refused) == "405");
  CHECK(header_of(refused, "Allow") == "GET, HEAD");
  client.send(get_request("/-/reload"));
  CHECK(header_of(client.read_response(), "Allow") == "POST");
}

TEST_CASE("http: one connection serves many requests, also sent ahead") {
  TestServer test;
  RawClient client(test.port());
  for (int i = 0; i < 20; ++i) {
    client.send(get_request("/hello"));
    REQUIRE(body_of(client.read_response()) == "hello\n");
  }
  client.send(get_request("/hello") + get_request("/pieces") + "GET /hello HT");
  CHECK(body_of(client.read_response()) == "hello\n");
  CHECK(body_of(client.read_response()) == "one two three");
  client.send("TP/1.0\r\n\r\n");
  CHECK(body_of(client.read_all()) == "hello\n");
}

TEST_CASE("http: a large body arrives whole") {
  TestServer test;
  const std::string response = http_get(test.port(), "/big");
  CHECK(is_big(response));
}

TEST_CASE("http: IPv6 is served, and the wildcard serves both families") {
  auto bound = Server::bind("::1", 0);
  if (!bound) {
    WARN("this machine has no IPv6: " + bound.error().message);
    return;
  }
  (*bound)->start(test_routes());
  RawClient client((*bound)->port(), true);
  client.send(get_request("/hello"));
  CHECK(body_of(client.read_response()) == "hello\n");

  auto everywhere = Server::bind("*", 0).value();
  everywhere->start(test_routes());
  for (const bool v6 : {false, true}) {
    RawClient either(everywhere->port(), v6);
    either.send(get_request("/hello"));
    CHECK(body_of(either.read_response()) == "hello\n");
  }
}

TEST_CASE("http: an address that is taken is an error with a way out") {
  TestServer test;
  const auto second = Server::bind("127.0.0.1", test.port());
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::limit);
  CHECK(second.error().message ==
        "cannot listen on 127.0.0.1:" + std::to_string(test.port()) + ": the address is in use");
  CHECK(second.error().hint.find("--listen") != std::string::npos);
  CHECK(Server::bind("192.0.2.1", 0).error().kind == ErrorKind::configuration);
  CHECK(Server::bind("no such host", 0).error().kind == ErrorKind::configuration);
  CHECK(Server::adopt(STDERR_FILENO).error().kind == ErrorKind::configuration);
}

TEST_CASE("http: the server that adopted a socket leaves it listening for its other holder") {
  const auto listener = Listener::bind("127.0.0.1", 0).value();
  const int port = listener.port();
  auto first = Server::adopt(dup(listener.descriptor())).value();
  first->start(test_routes());
  CHECK(first->port() == port);
  CHECK(body_of(http_get(port, "/hello")) == "hello\n");
  first->stop();

  RawClient between(port);  // waits in the kernel's queue
  between.send(get_request("/hello"));
  auto second = Server::adopt(dup(listener.descriptor())).value();
  second->start(test_routes());
  CHECK(body_of(between.read_response()) == "hello\n");
}

TEST_CASE("http: what was answered is told by route and status") {
  TestServer test;
  http_get(test.port(), "/hello");
  http_get(test.port(), "/hello");
  http_get(test.port(), "/a");
  http_get(test.port(), "/b");
  http_get(test.port(), "/throws");
  CHECK(eventually([&] { return test.told.answers("/throws 500") == 1; }));
  CHECK(eventually([&] { return test.told.answers("/hello 200") == 2; }));
  CHECK(eventually([&] { return test.told.answers("other 404") == 2; }));
  CHECK(test.told.seconds() > 0);
}

// --- what clients do that mean no good, or know no better ---

TEST_CASE("http: what a handler throws stays inside") {
  TestServer test;
  const std::string response = http_get(test.port(), "/throws");
  CHECK(status_of(response) == "500");
  CHECK(response.find("secret") == std::string::npos);
  CHECK(response.find("EXCEPTION") == std::string::npos);
  CHECK(test.answers());
}

TEST_CASE("http: a header line without end is cut off") {
  TestServer test;
  const std::size_t before = resident_kilobytes();
  RawClient client(test.port());
  client.send("GET /hello HTTP/1.1\r\nX: ");
  const std::string block(65'536, 'a');
  std::size_t taken = 0;
  while (taken < 64'000'000 && client.send(block))
    taken += block.size();
  CHECK(taken < 64'000'000);
  CHECK(resident_kilobytes() < before + k_growth);
  CHECK(test.answers());
}

TEST_CASE("http: a head that is a little too long is told so") {
  TestServer test;
  RawClient client(test.port());
  client.send("GET /hello HTTP/1.1\r\nX: " + std::string(9'000, 'a') + "\r\n\r\n");
  CHECK(status_of(client.read_all()) == "431");
}

TEST_CASE("http: a flood of headers is cut off") {
  TestServer test;
  const std::size_t before = resident_kilobytes();
  RawClient client(test.port());
  std::string head = "GET /hello HTTP/1.1\r\n";
  for (int i = 0; i < 200'000; ++i)
    head += "H" + std::to_string(i) + ": v\r\n";
  const std::size_t with_head = resident_kilobytes();
  client.send(head + "\r\n");
  client.read_all();
  CHECK(resident_kilobytes() < std::max(before, with_head) + k_growth);
  CHECK(test.answers());

  RawClient small(test.port());
  std::string many = "GET /hello HTTP/1.1\r\n";
  for (int i = 0; i < 65; ++i)
    many += "H: v\r\n";
  small.send(many + "\r\n");
  CHECK(status_of(small.read_all()) == "431");
}

TEST_CASE("http: a large body is neither read nor kept") {
  TestServer test;
  const std::size_t before = resident_kilobytes();
  const std::string block(65'536, 'b');
  SECTION("to an unknown path, with its length") {
    RawClient client(test.port());
    client.send("POST /unknown HTTP/1.1\r\nHost: a\r\nContent-Length: 67108864\r\n\r\n");
    std::size_t taken = 0;
    while (taken < 67'108'864 && client.send(block))
      taken += block.size();
    CHECK(taken < 67'108'864);
    CHECK(status_of(client.read_all()) == "405");
  }
  SECTION("to a route that acts") {
    RawClient client(test.port());
    client.send("POST /-/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 67108864\r\n\r\n" + block);
    CHECK(status_of(client.read_all()) == "413");
  }
  SECTION("in chunks") {
    RawClient client(test.port());
    client.send("POST /unknown HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::size_t taken = 0;
    while (taken < 67'108'864 && client.send("10000\r\n" + block + "\r\n"))
      taken += block.size();
    CHECK(taken < 67'108'864);
    CHECK(status_of(client.read_all()) == "405");
  }
  CHECK(resident_kilobytes() < before + k_growth);
  CHECK(test.answers());
}

TEST_CASE("http: ranges multiply nothing") {
  TestServer test;
  const std::size_t before = resident_kilobytes();
  std::string ranges = "Range: bytes=0-";
  for (int i = 0; i < 60; ++i)
    ranges += ",0-";
  CHECK(status_of(http_get(test.port(), "/big", ranges + "\r\n")) == "400");
  CHECK(resident_kilobytes() < before + k_growth);
  CHECK(test.answers());
}

TEST_CASE("http: what is made while it is sent arrives whole, and is never there as a whole") {
  TestServer test;
  const std::string response = http_get(test.port(), "/made");
  CHECK(is_big(response));
  CHECK(header_of(response, "Content-Length") == std::to_string(big_text().size()));
  RawClient head_client(test.port());
  head_client.send("HEAD /made HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string head = head_client.read_all();
  CHECK(header_of(head, "Content-Length") == std::to_string(big_text().size()));
  CHECK(body_of(head).empty());
  // Clients that wait in the middle of it cost a piece each; the others are served meanwhile.
  const std::size_t before = resident_kilobytes();
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back(test.port()).shrink_receive_buffer();
    clients.back().send(get_request("/made"));
  }
  CHECK(body_of(http_get(test.port(), "/hello")) == "hello\n");
  CHECK(resident_kilobytes() < before + k_growth);
  RawClient kept(test.port());
  kept.send(get_request("/made") + get_request("/hello"));
  CHECK(is_big(kept.read_response()));
  CHECK(body_of(kept.read_response()) == "hello\n");
}

TEST_CASE("http: idle connections hold up nobody") {
  TestServer test;
  std::vector<RawClient> idle;
  for (int i = 0; i < 8; ++i) {
    idle.emplace_back(test.port());
    idle.back().send(get_request("/hello"));
    REQUIRE(body_of(idle.back().read_response()) == "hello\n");
  }
  for (int i = 0; i < 10; ++i)
    REQUIRE(test.answers());
  // They were not in the way, so they are still open.
  for (RawClient& client : idle) {
    client.send(get_request("/hello"));
    CHECK(body_of(client.read_response()) == "hello\n");
  }
}

TEST_CASE("http: silent connections hold up nobody and are closed") {
  HttpLimits limits = quick_limits();
  limits.max_connections = 16;
  TestServer test(limits);
  std::vector<RawClient> silent;
  for (int i = 0; i < 60; ++i)
    silent.emplace_back(test.port());
  CHECK(test.answers());
  for (RawClient& client : silent)
    CHECK(client.closed_within(10s));
  CHECK(eventually(
      [&] { return test.told.closed(CloseReason::evicted) + test.told.closed(CloseReason::late) == 60; }));
  CHECK(test.told.closed(CloseReason::evicted) >= 44);
}

TEST_CASE("http: when all connections are idle one of them gives way") {
  HttpLimits limits = quick_limits();
  limits.max_connections =
      8;  // more than threads: one that was just answered may not be back from its thread yet
  TestServer test(limits);
  std::vector<RawClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(test.port());
    clients.back().send(get_request("/hello"));
    REQUIRE(body_of(clients.back().read_response()) == "hello\n");
  }
  CHECK(eventually([&] { return test.told.closed(CloseReason::evicted) == 12; }));
  CHECK(test.told.closed(CloseReason::surplus) == 0);
}

TEST_CASE("http: the connection that has waited longest gives way first") {
  HttpLimits limits = quick_limits();
  limits.max_connections = 3;
  const auto listener = Listener::bind("127.0.0.1", 0).value();
  std::vector<std::unique_ptr<Connection>> asked;
  int evicted = 0;
  ConnectionLoop loop(
      listener, limits,
      [&](std::unique_ptr<Connection> connection) { asked.push_back(std::move(connection)); },
      [&](CloseReason reason) { evicted += reason == CloseReason::evicted ? 1 : 0; });
  const auto serve_one = [&](RawClient& client) {
    client.send(get_request("/"));
    while (asked.empty())
      loop.wait(-1, Deadline::clock::now() + 10s);
    const auto now = Deadline::clock::now();
    CHECK(asked.back()->take_request().head == get_request("/"));
    asked.back()->send({"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", Body("a").pieces(), {}, true}, now);
    loop.take_back(std::move(asked.back()), now);
    asked.clear();
    CHECK(body_of(client.read_response()) == "a");
  };
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(listener.port());
    serve_one(clients.back());
  }
  serve_one(clients[0]);  // so that the second has waited longest now
  clients.emplace_back(listener.port());
  serve_one(clients.back());
  CHECK(evicted == 1);
  CHECK(clients[1].closed_within(10s));
  serve_one(clients[0]);
  serve_one(clients[2]);
}

TEST_CASE("http: when all connections are at work a further one is closed at once") {
  HttpLimits limits = quick_limits();
  limits.max_connections = 2;
  TestServer test(limits);
  std::vector<RawClient> reading;
  for (int i = 0; i < 2; ++i) {
    reading.emplace_back(test.port());
    reading.back().send(get_request("/big"));
  }
  REQUIRE(eventually([&] { return test.told.answers("/big 200") == 2; }));
  RawClient surplus(test.port());
  CHECK(surplus.closed_within(10s));
  CHECK(eventually([&] { return test.told.closed(CloseReason::surplus) == 1; }));
  // They were only slow: the response is whole.
  CHECK(is_big(reading[0].read_response()));
}

TEST_CASE("http: a client that drips its request is cut off") {
  TestServer test;
  RawClient dripping(test.port());
  std::atomic<bool> cut_off = false;
  std::jthread drip([&](const std::stop_token& stop) {
    dripping.send("GET /hello HTTP/1.1\r\nX: ");
    while (!stop.stop_requested() && !cut_off) {
      cut_off = !dripping.send("a");
      std::this_thread::sleep_for(50ms);
    }
  });
  CHECK(test.answers());
  CHECK(eventually([&] { return cut_off.load(); }));
  CHECK(test.told.closed(CloseReason::late) == 1);
}

TEST_CASE("http: clients that do not read their responses hold up nobody and are cut off") {
  HttpLimits limits = quick_limits();
  limits.write_time = 1'500ms;
  TestServer test(limits);
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back(test.port());
    clients.back().shrink_receive_buffer();
    clients.back().send(get_request("/big"));
  }
  REQUIRE(eventually([&] { return test.told.answers("/big 200") == 8; }));
  CHECK(test.answers());
  CHECK(eventually([&] { return test.told.closed(CloseReason::late) == 8; }));
}

TEST_CASE("http: a connection that never says anything after its answer is let go of without complaint") {
  HttpLimits limits = quick_limits();
  limits.idle_time = 100ms;
  TestServer test(limits);
  RawClient client(test.port());
  client.send(get_request("/hello"));
  CHECK(body_of(client.read_response()) == "hello\n");
  CHECK(client.closed_within(10s));
  CHECK(test.told.closed(CloseReason::late) == 0);
}

TEST_CASE("http: stop is prompt with clients connected, and may be repeated") {
  TestServer test;
  RawClient idle(test.port());
  idle.send(get_request("/hello"));
  CHECK(body_of(idle.read_response()) == "hello\n");
  RawClient silent(test.port());
  RawClient slow(test.port());
  slow.shrink_receive_buffer();
  slow.send(get_request("/big"));
  REQUIRE(eventually([&] { return test.told.answers("/big 200") == 1; }));

  const auto before = std::chrono::steady_clock::now();
  test.server->stop();
  CHECK(std::chrono::steady_clock::now() - before < 5s);
  CHECK(idle.closed_within(10s));
  CHECK(silent.closed_within(10s));
  CHECK(refuses_connections(test.port()));
  test.server->stop();
}

TEST_CASE("http: a server that was never started stops as well") {
  auto server = Server::bind("127.0.0.1", 0).value();
  const int port = server->port();
  server->stop();
  CHECK(refuses_connections(port));
}

TEST_CASE("http: many clients at once all get their answers") {
  TestServer test;
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        RawClient client(test.port());
        for (int n = 0; n < 50; ++n) {
          client.send(get_request("/hello"));
          if (body_of(client.read_response()) == "hello\n") ++good;
          if (body_of(http_get(test.port(), "/pieces")) == "one two three") ++good;
        }
      });
  }
  CHECK(good == 800);
}

namespace {

std::string form_head(std::size_t length) {
  return "POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: "
         "application/x-www-form-urlencoded\r\nContent-Length: " +
         std::to_string(length) + "\r\n";
}

}  // namespace

TEST_CASE("http: a form is read whole and the connection goes on") {
  TestServer test;
  RawClient client(test.port());
  const std::string body = "a=" + std::string(50'000, 'x');
  for (int i = 0; i < 3; ++i) {
    client.send(form_head(body.size()) + "\r\n" + body);
    CHECK(body_of(client.read_response()) == body.substr(2));
  }
  client.send(get_request("/hello"));
  CHECK(body_of(client.read_response()) == "hello\n");
}

TEST_CASE("http: a client that asks is told to send its body") {
  TestServer test;
  RawClient client(test.port());
  client.send(form_head(3) + "Expect: 100-continue\r\nConnection: close\r\n\r\n");
  std::this_thread::sleep_for(50ms);
  client.send("a=1");
  const std::string all = client.read_all();
  CHECK(all.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
  CHECK(all.ends_with("\r\n\r\n1"));
}

TEST_CASE("http: a client that drips its body is cut off, and holds up nobody") {
  TestServer test;
  std::vector<RawClient> dripping;
  for (int i = 0; i < 8; ++i) {
    dripping.emplace_back(test.port());
    dripping.back().send(form_head(60'000) + "\r\na=");
  }
  CHECK(test.answers());
  std::atomic<bool> cut_off = false;
  std::jthread drip([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && !cut_off) {
      cut_off = !dripping[0].send("a");
      std::this_thread::sleep_for(50ms);
    }
  });
  CHECK(eventually([&] { return cut_off.load(); }));
  CHECK(eventually([&] { return test.told.closed(CloseReason::late) == 8; }));
}

TEST_CASE("http: a body beyond the route's limit is neither read nor kept") {
  TestServer test;
  const std::size_t before = resident_kilobytes();
  RawClient client(test.port());
  const std::string block(65'536, 'b');
  client.send("POST /form HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::size_t taken = 0;
  while (taken < 67'108'864 && client.send("4000\r\n" + block.substr(0, 0x4000) + "\r\n"))
    taken += 0x4000;
  CHECK(taken < 67'108'864);
  CHECK(status_of(client.read_all()) == "413");
  CHECK(resident_kilobytes() < before + k_growth);
}

TEST_CASE("http: slow requests keep nobody else waiting, and not more of them wait than half of the places") {
  HttpLimits limits = quick_limits();
  limits.max_connections = 16;
  TestServer test(limits);
  std::vector<RawClient> slow;
  for (int i = 0; i < 10; ++i) {
    slow.emplace_back(test.port());
    slow.back().send(get_request("/slow"));
  }
  CHECK(test.answers());
  // Two run and eight wait.
  CHECK(eventually([&] { return status_of(http_get(test.port(), "/slow")) == "503"; }));
  CHECK(eventually([&] { return test.told.answers("other 503") >= 1; }));
  CHECK(test.answers());
}

TEST_CASE("http: a handler sees that its client has hung up, and that the server stops") {
  TestServer test;
  {
    RawClient client(test.port());
    client.send(get_request("/slow"));
    std::this_thread::sleep_for(50ms);
  }
  CHECK(eventually([&] { return test.told.answers("/slow 503") == 1; }));
  RawClient waiting(test.port());
  waiting.send(get_request("/slow"));
  std::this_thread::sleep_for(50ms);
  const auto before = std::chrono::steady_clock::now();
  test.server->stop();
  CHECK(std::chrono::steady_clock::now() - before < 5s);
}
