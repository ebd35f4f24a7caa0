#include "agent/http/body_decoder.h"

#include <algorithm>
#include <charconv>

namespace pgvigil::agent {
namespace {

/// Bytes of a chunk's size and its extensions.
constexpr std::size_t k_max_size_line = 64;

}  // namespace

BodyDecoder::State BodyDecoder::take_from(std::string& input) {
  std::size_t at = 0;
  const State state =
      framing_.kind == BodyFraming::Kind::chunked ? take_chunks(input, at) : take_plain(input, at);
  input.erase(0, at);
  return state;
}

void BodyDecoder::take_data(std::string_view input, std::size_t& at) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - at));
  body_.append(input.substr(at, count));
  at += count;
  left_ -= count;
}

BodyDecoder::State BodyDecoder::take_plain(std::string_view input, std::size_t& at) {
  if (framing_.length > most_) return State::too_large;
  if (!begun_) left_ = framing_.length;
  begun_ = true;
  take_data(input, at);
  return left_ == 0 ? State::complete : State::more;
}

BodyDecoder::State BodyDecoder::take_chunks(std::string_view input, std::size_t& at) {
  for (;;) {
    if (left_ > 0) take_data(input, at);
    if (left_ > 0) return State::more;
    if (line_end_due_) {
      const std::string_view line_end = input.substr(at, 2);
      if (!std::string_view("\r\n").starts_with(line_end)) return State::malformed;
      if (line_end.size() < 2) return State::more;
      at += 2;
      line_end_due_ = false;
      if (last_) return State::complete;
    }
    const auto end = input.find("\r\n", at);
    if (std::min(end, input.size()) - at > k_max_size_line) return State::malformed;
    if (end == std::string_view::npos) return State::more;
    const std::string_view size = input.substr(at, std::min(input.find_first_of("; \t", at), end) - at);
    const auto [stop, fault] = std::from_chars(size.data(), size.data() + size.size(), left_, 16);
    if (fault == std::errc::result_out_of_range) return State::too_large;
    if (fault != std::errc{} || stop != size.data() + size.size()) return State::malformed;
    if (left_ > most_ - body_.size()) return State::too_large;
    at = end + 2;
    last_ = left_ == 0;
    line_end_due_ = true;
  }
}

}  // namespace pgvigil::agent
