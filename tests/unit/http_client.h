#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace pgvigil::test {

/// A client that says what it likes, over a plain socket to 127.0.0.1 (or ::1). Waits no longer than 10 s for
/// anything. What cannot connect throws std::system_error.
class RawClient {
 public:
  explicit RawClient(int port, bool v6 = false);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;

  /// Sends all of it; false when the server does not take it any more.
  bool send(std::string_view bytes);
  /// Reads until the server closes.
  std::string read_all();
  /// Reads one response with a Content-Length; what came behind it is kept for the next one.
  std::string read_response();
  /// Whether the server has closed (or reset) the connection, and sent nothing, before the time is over.
  bool closed_within(std::chrono::milliseconds time);
  /// Makes the kernel take little on this side, before anything is read.
  void shrink_receive_buffer();

 private:
  bool receive();

  int descriptor_ = -1;
  std::string input_;
  bool ended_ = false;
};

bool refuses_connections(int port);

/// One request on a connection of its own: the response, whole.
std::string http_get(int port, std::string_view path, std::string_view headers = "");

/// "200" of "HTTP/1.1 200 OK"; empty when it is none.
std::string status_of(std::string_view response);
std::string body_of(std::string_view response);
/// The value of a header, which is named as the server spells it; empty when it is not there.
std::string header_of(std::string_view response, std::string_view name);

/// VmRSS of this process, in kB.
std::size_t resident_kilobytes();

}  // namespace pgvigil::test
