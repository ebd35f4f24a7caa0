#pragma once

#include <chrono>
#include <expected>
#include <string>

#include "agent/http/request_target.h"
#include "collectors/model/error.h"

namespace pgvigil::agent {

/// What a server answered.
struct Fetched {
  int status = 0;
  std::string content_type;
  std::string body;  ///< at most 64 MB
};

/// Sends a form by POST to `path` of the server at `url` ("http://127.0.0.1:9187", https:// as well), for
/// commands that ask a running agent. Errors: `configuration` for a URL that is none, `unreachable`,
/// `timed_out` when nothing comes for `timeout`, `limit` for an answer that is too large.
std::expected<Fetched, Error> post_form(const std::string& url,
                                        const std::string& path,
                                        const Parameters& form,
                                        std::chrono::milliseconds timeout);

}  // namespace pgvigil::agent
