#include "agent/http/request_reader.h"

#include <algorithm>
#include <utility>

namespace pgvigil::agent {

void RequestReader::add(std::string_view bytes) {
  input_.append(bytes);
  if (!complete_) look();
}

void RequestReader::look() {
  if (!decoder_) take_head();
  if (decoder_ && !complete_) take_body();
}

void RequestReader::take_head() {
  const auto end = head_end(input_, searched_);
  searched_ = input_.size();
  if (!end && input_.size() < limits_.max_head) return;
  searched_ = 0;
  request_.head = input_.substr(0, end.value_or(input_.size()));
  input_.erase(0, request_.head.size());
  request_.facts = inspect_head(request_.head, limits_.max_headers);
  HeadFacts& facts = request_.facts;
  const std::size_t room = facts.announces_body() && !facts.refusal && room_ ? room_(request_.head) : 0;
  if (room == 0) {
    // Nobody knows where the next request begins behind a body that is not read.
    if (facts.announces_body()) facts.keep_alive = false;
    complete_ = true;
    return;
  }
  decoder_.emplace(facts.body, room);
  continue_due_ = facts.expects_continue && input_.empty() && facts.body.length <= room;
}

void RequestReader::take_body() {
  switch (decoder_->take_from(input_)) {
    case BodyDecoder::State::more:
      return;
    case BodyDecoder::State::complete:
      request_.body = decoder_->take_body();
      complete_ = true;
      return;
    case BodyDecoder::State::too_large:
      return refuse({413, "the body of the request is too large"});
    case BodyDecoder::State::malformed:
      return refuse({400, "the body of the request is not framed as HTTP/1.1 spells it"});
  }
}

void RequestReader::refuse(Refusal refusal) {
  request_.facts.refusal = refusal;
  request_.facts.keep_alive = false;
  continue_due_ = false;
  complete_ = true;
}

RawRequest RequestReader::take() {
  RawRequest taken = std::exchange(request_, {});
  decoder_.reset();
  continue_due_ = false;
  complete_ = false;
  if (!input_.empty()) look();
  return taken;
}

}  // namespace pgvigil::agent
