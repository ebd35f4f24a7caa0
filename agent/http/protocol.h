#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/reply.h"
#include "agent/http/router.h"

namespace pgvigil::agent {

/// An answer, and what the observer is told about it.
struct Answer {
  Reply reply;
  std::string_view route;
  int status = 500;
};

/// From the bytes of a request to the bytes of a response, with cpp-httplib for the grammar of both; this is
/// the one place that includes it. What the library would do by itself is kept from it: it sees no socket
/// (reads and waits without a bound), no body (memory without a bound), no Range, and it is given no content
/// (compresses it with brotli). One per thread.
class Protocol {
 public:
  /// The router must outlive it.
  Protocol(const Router& router, std::size_t max_headers);
  ~Protocol();
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;

  /// Answers the request that `head` (request line, headers, blank line) makes; anything else gets a 4xx.
  Answer answer(std::string_view head);

 private:
  class Translator;
  std::unique_ptr<Translator> translator_;
  std::size_t max_headers_;
};

}  // namespace pgvigil::agent
