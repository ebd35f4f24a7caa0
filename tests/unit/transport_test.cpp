#include "agent/transport/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;

namespace {

/// A server on 127.0.0.1 that reads one request and says what it is told; then it waits until it ends, or
/// closes.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer, bool closes = true) : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(bind(listener_, generic, size) == 0);
    REQUIRE(listen(listener_, 4) == 0);
    REQUIRE(getsockname(listener_, generic, &size) == 0);
    port = ntohs(address.sin_port);
    thread_ = std::jthread([this, answer = std::move(answer), closes](const std::stop_token& stop) {
      const int client = accept(listener_, nullptr, nullptr);
      std::string buffer(65536, '\0');
      const auto got = recv(client, buffer.data(), buffer.size(), 0);
      request = buffer.substr(0, got > 0 ? static_cast<std::size_t>(got) : 0);
      static_cast<void>(send(client, answer.data(), answer.size(), MSG_NOSIGNAL));
      while (!closes && !stop.stop_requested())
        std::this_thread::sleep_for(5ms);
      close(client);
    });
  }
  ~OneAnswer() {
    thread_.request_stop();
    shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    close(listener_);
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;

  transport::HttpRequest to(const std::string& path) const {
    return {"POST",
            Secret("http://127.0.0.1:" + std::to_string(port) + path),
            {{"X-Team", Secret("dba")}},
            "hello"};
  }

  int port = 0;
  std::string request;

 private:
  int listener_;
  std::jthread thread_;
};

}  // namespace

TEST_CASE("a request goes out as it is, and status, body and Retry-After come back") {
  OneAnswer server("HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nslow");
  transport::HttpClient client;
  const transport::Answer answer = client.send(server.to("/T0/SECRET"), {});
  CHECK_FALSE(answer.error);
  CHECK(answer.status == 429);
  CHECK(answer.body == "slow");
  CHECK(answer.retry_after == 7s);
  CHECK(server.request.starts_with("POST /T0/SECRET HTTP/1.1\r\n"));
  CHECK(server.request.find("X-Team: dba\r\n") != std::string::npos);
  CHECK(server.request.ends_with("\r\n\r\nhello"));
}

TEST_CASE("a redirect is an answer, and is not followed") {
  OneAnswer server("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  transport::HttpClient client;
  CHECK(client.send(server.to("/"), {}).status == 302);
}

TEST_CASE("an answer without end is cut, and its status counts") {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(200'000, 'x'), false);
  transport::HttpClient client;
  const transport::Answer answer = client.send(server.to("/"), {.timeout = 10s});
  CHECK_FALSE(answer.error);
  CHECK(answer.status == 200);
  CHECK(answer.body.size() <= 64 * 1024);
}

TEST_CASE("a server that never answers ends at the deadline, and the error tells no more than its host") {
  OneAnswer server("", false);
  transport::HttpClient client;
  const transport::Answer answer = client.send(server.to("/T0/SECRET"), {.timeout = 200ms});
  REQUIRE(answer.error);
  CHECK(answer.error->kind == ErrorKind::timed_out);
  CHECK(answer.error->message.find("127.0.0.1:" + std::to_string(server.port)) != std::string::npos);
  CHECK(answer.error->message.find("SECRET") == std::string::npos);
}

TEST_CASE("a stop ends a request that waits") {
  OneAnswer server("", false);
  transport::HttpClient client;
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(100ms);
    stop.request_stop();
  });
  const transport::Answer answer = client.send(server.to("/"), {.timeout = 60s}, stop.get_token());
  REQUIRE(answer.error);
  CHECK(answer.error->kind == ErrorKind::interrupted);
}

TEST_CASE("other protocols than those of receivers are refused") {
  transport::HttpClient client;
  const transport::Answer answer =
      client.send(transport::HttpRequest{"GET", Secret("file:///etc/passwd")}, {});
  REQUIRE(answer.error);
  CHECK(answer.error->kind == ErrorKind::configuration);
}
