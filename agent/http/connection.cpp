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

namespace pgvigil::agent {
namespace {

constexpr std::chrono::milliseconds k_drain_time{1'000};
constexpr std::size_t k_drain_bytes = 1024 * 1024;
constexpr std::size_t k_pieces_per_call = 64;
constexpr std::size_t k_pieces_per_turn = 16;
constexpr std::string_view k_continue = "HTTP/1.1 100 Continue\r\n\r\n";

bool would_block() {
  return errno == EAGAIN || errno == EINTR;
}

}  // namespace

Connection::Connection(int descriptor, const HttpLimits& limits, const BodyRoom& room, Deadline now)
    : descriptor_(descriptor), limits_(limits), reader_(limits, room) {
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
  const ssize_t count =
      recv(descriptor_, buffer.data(), std::min(buffer.size(), reader_.room()), MSG_DONTWAIT);
  if (count < 0 && would_block()) return;
  if (count <= 0) {
    state_ = State::closed;
    return;
  }
  // A kept connection has waited long enough; from its first byte on a request has the time of any other.
  if (reader_.empty()) deadline_ = std::min(deadline_, now + limits_.read_time);
  reader_.add({buffer.data(), static_cast<std::size_t>(count)});
  proceed(now);
}

void Connection::proceed(Deadline now) {
  // A client that does not take these few bytes sends its body unbidden, or is late.
  if (reader_.take_continue())
    (void)::send(descriptor_, k_continue.data(), k_continue.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (reader_.complete()) enter(State::handling, now, limits_.write_time);
}

RawRequest Connection::take_request() {
  RawRequest request = reader_.take();
  request.complete_at = since_;
  return request;
}

bool Connection::hung_up() const {
  pollfd polled{descriptor_, POLLRDHUP, 0};
  return poll(&polled, 1, 0) > 0 && (polled.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void Connection::send(Reply reply, Deadline now) {
  reply_ = std::move(reply);
  piece_ = 0;
  offset_ = 0;
  enter(State::writing, now, limits_.write_time);
  // The first piece goes out with the head.
  if (reply_.body.empty() && take_more()) piece_ = 0;
  flush(now);
}

/// The next piece of the reply's source takes the place of those that are sent; false when there is none.
bool Connection::take_more() {
  if (!reply_.source) return false;
  Body::Piece next;
  // Out of memory, most likely: this client sees a response that is too short, the others nothing of it.
  try {
    next = reply_.source();
  } catch (...) {
    state_ = State::closed;
  }
  if (next == nullptr || next->empty()) {
    reply_.source = nullptr;
    return false;
  }
  reply_.body.assign(1, std::move(next));
  piece_ = 1;
  return true;
}

std::string_view Connection::piece(std::size_t index) const {
  return index == 0 ? std::string_view(reply_.head) : std::string_view(*reply_.body[index - 1]);
}

void Connection::flush(Deadline now) {
  for (std::size_t made = 0; state_ == State::writing; ++made) {
    while (piece_ <= reply_.body.size())
      if (!send_some()) {
        if (!would_block()) state_ = State::closed;
        return;
      }
    // The other clients have their turn before a fast one gets all that is to be made.
    if (made == k_pieces_per_turn) return;
    if (!take_more()) break;
  }
  if (state_ == State::writing) finished(now);
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
  enter(State::reading, now, reader_.empty() ? limits_.idle_time : limits_.read_time);
  proceed(now);
}

void Connection::drain() {
  std::array<char, 16384> buffer;
  const ssize_t count = recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0 && would_block()) return;
  drained_ += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  if (count <= 0 || drained_ > k_drain_bytes) state_ = State::closed;
}

}  // namespace pgvigil::agent
