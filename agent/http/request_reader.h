#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/http/body_decoder.h"
#include "agent/http/limits.h"
#include "agent/http/request_head.h"
#include "collectors/model/units.h"

namespace pgvigil::agent {

/// A request as it came: taken apart, not interpreted.
struct RawRequest {
  std::string head;        ///< request line, headers and blank line; without that line when it was too long
  HeadFacts facts = {};    ///< with a refusal when head or body cannot be taken
  std::string body = {};   ///< without its framing; empty when it was not read
  Deadline complete_at{};  ///< when the last byte of it was there
};

/// How many bytes the body of the request with this head may have; 0: it is not read.
using BodyRoom = std::function<std::size_t(std::string_view head)>;

/// Finds requests in the bytes that a client sends. Pure, and bounded by max_head and the room for a body.
class RequestReader {
 public:
  /// Both must outlive it; an empty `room` is none.
  RequestReader(const HttpLimits& limits, const BodyRoom& room) : limits_(limits), room_(room) {}

  /// How many bytes may be added now.
  std::size_t room() const { return limits_.max_head - std::min(limits_.max_head, input_.size()); }
  void add(std::string_view bytes);
  /// Whether nothing of a request is there.
  bool empty() const { return input_.empty() && !decoder_; }
  /// Whether there is one to take.
  bool complete() const { return complete_; }
  /// Whether the client waits to be told "100 Continue"; says so once.
  bool take_continue() { return std::exchange(continue_due_, false); }
  /// The head of the request at hand.
  std::string_view head() const { return request_.head; }
  /// The request, which is complete; then it looks at what stood behind it.
  RawRequest take();

 private:
  void look();
  void take_head();
  void take_body();
  void refuse(Refusal refusal);

  const HttpLimits& limits_;
  const BodyRoom& room_;
  std::string input_;
  std::size_t searched_ = 0;  ///< bytes of input_ that hold no end of a head
  RawRequest request_;        ///< the one at hand
  std::optional<BodyDecoder> decoder_;
  bool continue_due_ = false;
  bool complete_ = false;
};

}  // namespace pgvigil::agent
