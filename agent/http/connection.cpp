#include "agent/http/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "agent/http/request_head.h"

namespace pgvigil::agent {
namespace {

constexpr std::chrono::milliseconds k_drain_time{1'000};
constexpr std::size_t k_drain_bytes = 1024 * 1024;
constexpr std::size_t k_pieces_per_call = 64;

bool would_block() {
  return errno == EAGAIN || errno == EINTR;
}

}  // namespace

Connection::Connection(int descriptor, const HttpLimits& limits, Deadline now)
    : descriptor_(descriptor), limits_(limits) {
  // A response goes out in few large calls; holding back the last segment would only add to the scrape's
  // time.
  const int yes = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  enter(State::reading, now, limits_.read_time);
}

Connection::~Connection() {
  close(descriptor_);
}

void Connection::enter(State state, Deadline now, std::chrono::milliseconds time) {
  state_ = state;
  since_ = now;
  deadline_ = now + time;
}

short Connection::events() const {
  switch (state_) {
    case State::reading:
    case State::draining:
      return POLLIN;
    case State::writing:
      return POLLOUT;
    case State::handling:
    case State::closed:
      return 0;
  }
  return 0;
}

void Connection::advance(Deadline now) {
  switch (state_) {
    case State::reading:
      return receive(now);
    case State::writing:
      return flush(now);
    case State::draining:
      return drain();
    case State::handling:
    case State::closed:
      return;
  }
}

void Connection::receive(Deadline now) {
  std::array<char, 4096> buffer;
  const std::size_t room = limits_.max_head - std::min(limits_.max_head, input_.size());
  const ssize_t count = recv(descriptor_, buffer.data(), std::min(buffer.size(), room), MSG_DONTWAIT);
  if (count < 0 && would_block()) return;
  if (count <= 0) {
    state_ = State::closed;
    return;
  }
  // A kept connection has waited long enough; from its first byte on a request has the time of any other.
  if (input_.empty()) deadline_ = std::min(deadline_, now + limits_.read_time);
  input_.append(buffer.data(), static_cast<std::size_t>(count));
  look_for_request(now);
}

void Connection::look_for_request(Deadline now) {
  if (head_end(input_, searched_) || input_.size() >= limits_.max_head)
    enter(State::handling, now, limits_.write_time);
  else
    searched_ = input_.size();
}

std::string Connection::take_request() {
  const std::size_t end = head_end(input_, searched_).value_or(input_.size());
  searched_ = 0;
  if (end == input_.size()) return std::exchange(input_, {});
  std::string head = input_.substr(0, end);
  input_.erase(0, end);
  return head;
}

void Connection::send(Reply reply, Deadline now) {
  reply_ = std::move(reply);
  piece_ = 0;
  offset_ = 0;
  enter(State::writing, now, limits_.write_time);
  flush(now);
}

std::string_view Connection::piece(std::size_t index) const {
  return index == 0 ? std::string_view(reply_.head) : std::string_view(*reply_.body[index - 1]);
}

void Connection::flush(Deadline now) {
  while (piece_ <= reply_.body.size())
    if (!send_some()) {
      if (!would_block()) state_ = State::closed;
      return;
    }
  finished(now);
}

/// One system call; false with errno when it took nothing.
bool Connection::send_some() {
  std::array<iovec, k_pieces_per_call> vectors{};
  std::size_t count = 0;
  for (std::size_t at = piece_; at <= reply_.body.size() && count < vectors.size(); ++at, ++count) {
    const std::string_view bytes = piece(at).substr(at == piece_ ? offset_ : 0);
    // The kernel only reads; iovec is not const because readv shares it.
    vectors[count] = {const_cast<char*>(bytes.data()), bytes.size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  const ssize_t sent = sendmsg(descriptor_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) return false;
  offset_ += static_cast<std::size_t>(sent);
  while (piece_ <= reply_.body.size() && offset_ >= piece(piece_).size()) {
    offset_ -= piece(piece_).size();
    ++piece_;
  }
  return true;
}

void Connection::finished(Deadline now) {
  const bool keep = reply_.keep_alive;
  reply_ = {};
  answered_ = true;
  if (!keep) {
    // Closing over unread bytes would reset the connection, and the response with it (RFC 9112, 9.6).
    shutdown(descriptor_, SHUT_WR);
    enter(State::draining, now, k_drain_time);
    return;
  }
  enter(State::reading, now, input_.empty() ? limits_.idle_time : limits_.read_time);
  if (!input_.empty()) look_for_request(now);
}

void Connection::drain() {
  input_.clear();
  std::array<char, 16384> buffer;
  const ssize_t count = recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0 && would_block()) return;
  drained_ += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  if (count <= 0 || drained_ > k_drain_bytes) state_ = State::closed;
}

}  // namespace pgvigil::agent
