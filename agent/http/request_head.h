#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
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

/// How the end of a body is told (RFC 9112, 6).
struct BodyFraming {
  enum class Kind : std::uint8_t { none, length, chunked };
  Kind kind = Kind::none;
  std::uint64_t length = 0;  ///< bytes, of Kind::length

  bool operator==(const BodyFraming&) const = default;
};

/// What must be known of a request head before it is parsed in earnest.
struct HeadFacts {
  bool keep_alive = false;  ///< the client wants the connection open; a body that is not read forbids it
  BodyFraming body = {};
  bool tells_length = false;      ///< there is a Content-Length, be it 0
  bool expects_continue = false;  ///< the client sends its body only when it is told to (or tires of waiting)
  std::optional<Refusal> refusal;

  bool announces_body() const { return body.kind != BodyFraming::Kind::none; }
};

/// Looks through request line and headers (RFC 9112), strictly: every line ends in CRLF, names are tokens, no
/// folding, no control characters. Refuses more than `max_headers`, a head without an end (431), Range (400),
/// bodies whose end two readers could see in two places (400, 501) and other expectations than 100-continue
/// (417): the parser behind is not to be trusted with them.
HeadFacts inspect_head(std::string_view head, std::size_t max_headers);

/// The first two words of a head: "POST", "/api/v1/query?time=1".
struct RequestLine {
  std::string_view method;
  std::string_view target;
};
RequestLine request_line(std::string_view head);

/// `head` without the lines of one header.
std::string without_header(std::string_view head, std::string_view name);

/// Whether two words are the same but for the case of their letters.
bool equal_words(std::string_view left, std::string_view right);

/// Whether an Accept-Encoding header allows gzip (RFC 9110, 12.5.3): named, or by "*", with a quality above
/// 0.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace pgvigil::agent
