#pragma once

#include <chrono>
#include <cstddef>

namespace pgvigil::agent {

/// What a client may take of the HTTP side. Times are absolute: a client that sends or reads a byte now and
/// then does not stretch them.
struct HttpLimits {
  std::size_t threads = 4;           ///< that run handlers; a slow client never holds one
  std::size_t slow_threads = 2;      ///< that run the handlers of slow routes, and nothing else
  std::size_t max_connections = 64;  ///< open at a time
  std::size_t max_head = 8 * 1024;   ///< bytes of request line and headers
  std::size_t max_headers = 64;
  std::chrono::milliseconds read_time{2'000};    ///< for a whole request, from its first byte or the connect
  std::chrono::milliseconds write_time{15'000};  ///< for a whole response
  /// How long a connection may stay open between two requests: longer than a usual scrape interval.
  std::chrono::milliseconds idle_time{150'000};
};

}  // namespace pgvigil::agent
