#pragma once

#include <functional>
#include <stop_token>

#include "collectors/postgres/connection.h"

namespace pgvigil::agent {

/// Who finds out about one thing that is watched: a Target about a server, a LocalTarget about the host or
/// the backups.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void start() = 0;
  /// Ends every session and thread within a moment, whatever is watched does.
  virtual void stop() = 0;
  /// Whether every thread keeps its promise to be back by a certain time; waiting for work breaks none. Says
  /// nothing about what is watched: each wait for it has a deadline.
  virtual bool alive() const = 0;

  /// What is done in a session that is held anyway, on the thread that holds it.
  using Visit = std::function<void(postgres::Connection&)>;
  /// Has `visit` made in a held session, and waits until it is over; false when it could not begin by the
  /// deadline. For times in which the server lets no new session in.
  virtual bool lend(const Visit&, Deadline, const std::stop_token&) { return false; }
};

}  // namespace pgvigil::agent
