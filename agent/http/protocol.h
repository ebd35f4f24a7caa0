#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "agent/http/reply.h"
#include "agent/http/request_reader.h"
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
  explicit Protocol(const Router& router);
  ~Protocol();
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;

  /// Answers the request; what is none gets a 4xx. `abandoned` tells whether somebody still waits for it.
  Answer answer(const RawRequest& request, std::function<bool()> abandoned);

 private:
  class Translator;
  std::unique_ptr<Translator> translator_;
};

}  // namespace pgvigil::agent
