#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/http/limits.h"
#include "agent/http/reply.h"
#include "agent/http/request_reader.h"
#include "collectors/model/units.h"

namespace pgvigil::agent {

/// One client: its socket, what it has sent of a request, what is still to be sent to it, and until when. No
/// call blocks. Not thread-safe; it wanders between threads whole.
class Connection {
 public:
  enum class State : std::uint8_t {
    reading,   ///< waits for a request or for the rest of one
    handling,  ///< a request is complete: somebody must take_request() and send()
    writing,   ///< a response is under way
    draining,  ///< all is sent: what still comes in is thrown away, so that the client can read the response
               ///< in peace
    closed,
  };

  /// Takes over a connected, non-blocking socket. `limits` and `room` must outlive it.
  Connection(int descriptor, const HttpLimits& limits, const BodyRoom& room, Deadline now);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int descriptor() const { return descriptor_; }
  State state() const { return state_; }
  /// Between two requests: nothing is wrong with a client that waits here.
  bool idle() const { return state_ == State::reading && answered_ && reader_.empty(); }
  /// What poll(2) should wait for.
  short events() const;
  /// When its time is over.
  Deadline deadline() const { return deadline_; }
  /// Since when it is in its state.
  Deadline since() const { return since_; }

  /// The socket is readable or writable, or was hung up.
  void advance(Deadline now);
  /// The head of the request that is complete.
  std::string_view head() const { return reader_.head(); }
  RawRequest take_request();
  /// Whether the client has hung up, as far as the kernel knows. May be asked while a request is handled.
  bool hung_up() const;
  /// Sends as much as the client takes at once. Afterwards it is writing, draining, closed, or on to the next
  /// request.
  void send(Reply reply, Deadline now);

 private:
  void enter(State state, Deadline now, std::chrono::milliseconds time);
  void receive(Deadline now);
  void proceed(Deadline now);
  void flush(Deadline now);
  bool send_some();
  bool take_more();
  void finished(Deadline now);
  void drain();
  std::string_view piece(std::size_t index) const;

  int descriptor_;
  const HttpLimits& limits_;
  State state_ = State::reading;
  Deadline deadline_;
  Deadline since_;
  RequestReader reader_;
  bool answered_ = false;  ///< it has had a response
  Reply reply_;
  std::size_t piece_ = 0;   ///< of the reply: 0 is the head, then the body's, as far as they are there
  std::size_t offset_ = 0;  ///< bytes of that piece that are sent
  std::size_t drained_ = 0;
};

}  // namespace pgvigil::agent
