#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/watching/exposition/snapshot.h"
#include "agent/watching/status.h"
#include "agent/watching/target/watcher.h"

namespace pgvigil::agent {

/// What is known of one server. It outlives those who find it out, so that a reload loses no count.
struct Knowledge {
  explicit Knowledge(std::shared_ptr<SeriesBudget> budget = nullptr) : snapshot(std::move(budget)) {}
  Snapshot snapshot;
  StatusBoard board;
};

/// One server (or pooler, or the host) under watch, as one configuration says: who finds things out about it,
/// and what is known of it. What it tells any thread may ask; start and stop it from one.
class Watch {
 public:
  /// `known` is what was known of the server before, or empty.
  Watch(std::shared_ptr<const Config> config, ServerConfig server, std::shared_ptr<Knowledge> known);
  /// Stops.
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  const ServerConfig& server() const { return server_; }
  /// The labels that its series carry, as they are printed (see constant_labels()).
  const std::string& labels() const { return labels_; }
  /// The same, by their names.
  std::map<std::string, std::string> series_labels() const { return labels_of(*config_, server_); }
  Snapshot& snapshot() const { return known_->snapshot; }
  StatusBoard& board() const { return known_->board; }
  const std::shared_ptr<Knowledge>& known() const { return known_; }
  /// Whether that configuration would have it done just as it is done now.
  bool does(const Config& config, const ServerConfig& server) const;

  /// Sessions and threads begin. Call it once.
  void start();
  /// They end within a moment, whatever the server does. It is not started again.
  void stop();
  /// See Target::alive(). True before the start and after the stop.
  bool alive() const;
  /// See Watcher::lend(). False before the start.
  bool lend(const Watcher::Visit& visit, Deadline deadline, const std::stop_token& stop) const;

 private:
  const std::shared_ptr<const Config> config_;
  const ServerConfig server_;
  const std::string labels_;
  const std::shared_ptr<Knowledge> known_;
  std::unique_ptr<Watcher> watcher_;
};

/// Those who are watched, in the order of the configuration; never changed once others see it.
using WatchList = std::vector<std::shared_ptr<Watch>>;

/// Stops all of them at the same time.
void stop_all(const WatchList& watches);

}  // namespace pgvigil::agent
