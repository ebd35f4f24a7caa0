#pragma once

namespace pgvigil::agent {

/// Who finds out about one thing that is watched: a Target about a server, a LocalTarget about the host or the backups.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void start() = 0;
  /// Ends every session and thread within a moment, whatever is watched does.
  virtual void stop() = 0;
  /// Whether every thread keeps its promise to be back by a certain time; waiting for work breaks none. Says
  /// nothing about what is watched: each wait for it has a deadline.
  virtual bool alive() const = 0;
};

}  // namespace pgvigil::agent
