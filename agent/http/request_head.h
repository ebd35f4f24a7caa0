#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace pgvigil::agent {

/// Where the first request head in `buffer` ends: the position after its blank line, or nothing. Bytes before
/// `from` have been searched before.
std::optional<std::size_t> head_end(std::string_view buffer, std::size_t from = 0);

/// Why a request is refused before anything interprets it. `why` is one of our own texts.
struct Refusal {
  int status = 400;
  std::string_view why;
};

/// What must be known of a request head before it is parsed in earnest.
struct HeadFacts {
  bool keep_alive = false;  ///< the client wants the connection open, and may have it
  bool announces_body = false;
  std::optional<Refusal> refusal;
};

/// Looks through request line and headers (RFC 9112), strictly: every line ends in CRLF, names are tokens, no
/// folding, no control characters. Refuses more than `max_headers`, a head without an end (431), Range (400)
/// and Expect (417): the parser behind is not to be trusted with them.
HeadFacts inspect_head(std::string_view head, std::size_t max_headers);

/// Whether an Accept-Encoding header allows gzip (RFC 9110, 12.5.3): named, or by "*", with a quality above
/// 0.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace pgvigil::agent
