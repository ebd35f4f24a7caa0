#pragma once

#include <memory>
#include <stop_token>

#include "agent/transport/request.h"

namespace pgvigil::agent::transport {

/// The one door to libcurl: sends requests and mails. Follows no redirect, reads no more of an answer than
/// the transport allows, speaks http(s) and smtp(s) only, and no error of it holds more of an address than
/// its host. One thread at a time; connections are kept for the next request.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Waits for the answer, at most `transport.timeout`; a stop ends it within a second, as `interrupted`.
  Answer send(const Request& request, const Transport& transport, const std::stop_token& stop = {});

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace pgvigil::agent::transport
