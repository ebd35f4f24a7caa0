#include "agent/http/connection_loop.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace pgvigil::agent {
namespace {

using State = Connection::State;

/// A pause after accept(2) has failed for want of descriptors or memory: the queue would wake us again at
/// once.
constexpr std::chrono::milliseconds k_accept_pause{100};

bool waits(const std::unique_ptr<Connection>& connection) {
  return connection->state() == State::reading || connection->state() == State::draining;
}

}  // namespace

std::string_view to_string(CloseReason reason) {
  switch (reason) {
    case CloseReason::surplus:
      return "surplus";
    case CloseReason::evicted:
      return "evicted";
    case CloseReason::late:
      return "late";
  }
  return "late";
}

ConnectionLoop::ConnectionLoop(const Listener& listener,
                               const HttpLimits& limits,
                               RequestHandler on_request,
                               CloseHandler on_close,
                               BodyRoom room)
    : listener_(listener),
      limits_(limits),
      on_request_(std::move(on_request)),
      on_close_(std::move(on_close)),
      room_(std::move(room)) {}

int ConnectionLoop::timeout(Deadline until, Deadline now) const {
  for (const auto& connection : connections_)
    until = std::min(until, connection->deadline());
  if (accepting_ && accept_again_ > now) until = std::min(until, accept_again_);
  using std::chrono::milliseconds;
  // Rounded up, so that it is over when poll returns; an hour is as good as for ever.
  const auto time =
      std::chrono::ceil<milliseconds>(std::min<Deadline::duration>(until - now, std::chrono::hours(1)));
  return static_cast<int>(std::max(time, milliseconds(0)).count());
}

void ConnectionLoop::wait(int wake, Deadline until) {
  const auto before = Deadline::clock::now();
  const bool accepting = accepting_ && accept_again_ <= before;
  polled_.clear();
  polled_.push_back({wake, POLLIN, 0});
  polled_.push_back({accepting ? listener_.descriptor() : -1, POLLIN, 0});
  for (const auto& connection : connections_)
    polled_.push_back({connection->descriptor(), connection->events(), 0});

  const int ready = poll(polled_.data(), polled_.size(), timeout(until, before));
  const auto now = Deadline::clock::now();
  for (std::size_t i = 0; ready > 0 && i < connections_.size(); ++i)
    if (polled_[i + 2].revents != 0) connections_[i]->advance(now);
  if (ready > 0 && polled_[1].revents != 0) accept_all(now);
  settle(now);
}

/// Lets go of what is closed or late, and hands out what is complete.
void ConnectionLoop::settle(Deadline now) {
  std::vector<std::unique_ptr<Connection>> complete;
  std::erase_if(connections_, [&](std::unique_ptr<Connection>& connection) {
    if (connection->state() == State::handling) {
      complete.push_back(std::move(connection));
      return true;
    }
    if (connection->state() == State::closed) return true;
    if (now < connection->deadline()) return false;
    // After a response nobody is late: the client just did not hang up.
    if (connection->state() != State::draining && !connection->idle()) on_close_(CloseReason::late);
    return true;
  });
  handed_out_ += complete.size();
  for (auto& connection : complete)
    on_request_(std::move(connection));
}

void ConnectionLoop::take_back(std::unique_ptr<Connection> connection, Deadline now) {
  --handed_out_;
  if (connection->state() == State::closed) return;
  connections_.push_back(std::move(connection));
  // A client may have sent its next request already.
  if (connections_.back()->state() == State::handling) settle(now);
}

void ConnectionLoop::accept_all(Deadline now) {
  // No more in one go than there are places: those that are in want to be served as well.
  for (std::size_t i = 0; i < limits_.max_connections; ++i) {
    const int descriptor = accept4(listener_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
      if (errno == ECONNABORTED || errno == EINTR) continue;
      if (errno != EAGAIN) accept_again_ = now + k_accept_pause;
      return;
    }
    if (connections_.size() + handed_out_ >= limits_.max_connections && !make_room(now)) {
      close(descriptor);
      on_close_(CloseReason::surplus);
      continue;
    }
    connections_.push_back(std::make_unique<Connection>(descriptor, limits_, room_, now));
    // The request is often there by now; one turn of the loop is saved.
    connections_.back()->advance(now);
  }
}

/// Closes the client that has waited longest, unless its request turns out to be there; false when none
/// waits.
bool ConnectionLoop::make_room(Deadline now) {
  for (;;) {
    auto longest = connections_.end();
    for (auto connection = connections_.begin(); connection != connections_.end(); ++connection)
      if (waits(*connection) &&
          (longest == connections_.end() || (*connection)->since() < (*longest)->since()))
        longest = connection;
    if (longest == connections_.end()) return false;
    (*longest)->advance(now);
    if ((*longest)->state() == State::handling) continue;
    const bool gone = (*longest)->state() == State::closed;
    connections_.erase(longest);
    if (!gone) on_close_(CloseReason::evicted);
    return true;
  }
}

void ConnectionLoop::close_waiting() {
  std::erase_if(connections_, waits);
}

bool ConnectionLoop::busy() const {
  return handed_out_ > 0 || !std::ranges::all_of(connections_, waits);
}

}  // namespace pgvigil::agent
