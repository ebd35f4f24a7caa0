#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/http/request_head.h"

namespace pgvigil::agent {

/// Takes a body out of the bytes of a connection (RFC 9112, 6 and 7.1). Pure, and bounded: it keeps no more
/// than `most` bytes of the body, and of its framing nothing.
class BodyDecoder {
 public:
  BodyDecoder(BodyFraming framing, std::size_t most) : framing_(framing), most_(most) {}

  enum class State : std::uint8_t { more, complete, too_large, malformed };
  /// Takes what belongs to the body from the front of `input`; what is behind its end stays. Trailers are
  /// malformed: nobody sends any here.
  State take_from(std::string& input);
  std::string take_body() { return std::move(body_); }

 private:
  State take_plain(std::string_view input, std::size_t& at);
  State take_chunks(std::string_view input, std::size_t& at);
  void take_data(std::string_view input, std::size_t& at);

  BodyFraming framing_;
  std::size_t most_;
  std::string body_;
  std::uint64_t left_ = 0;  ///< bytes of the chunk, or of the whole, that are still to come
  bool begun_ = false;
  bool line_end_due_ = false;  ///< a chunk, or the last chunk of all, has still its CRLF to come
  bool last_ = false;
};

}  // namespace pgvigil::agent
