#include "agent/watching/watch.h"

#include <thread>
#include <utility>

#include "agent/log/log.h"
#include "agent/watching/exposition/exposition.h"
#include "agent/watching/target/local_target.h"
#include "agent/watching/target/target.h"

namespace pgvigil::agent {

Watch::Watch(std::shared_ptr<const Config> config, ServerConfig server, std::shared_ptr<Knowledge> known)
    : config_(std::move(config)),
      server_(std::move(server)),
      labels_(constant_labels(labels_of(*config_, server_))),
      known_(std::move(known)) {}

Watch::~Watch() {
  stop();
}

bool Watch::does(const Config& config, const ServerConfig& server) const {
  return server_ == server && watch_alike(*config_, config);
}

void Watch::start() {
  const LogScope scope(server_.name);
  known_->snapshot.configure(labels_);
  if (is_local(server_.kind))
    watcher_ = std::make_unique<LocalTarget>(config_, server_, known_->snapshot, known_->board);
  else
    watcher_ = std::make_unique<Target>(config_, server_, known_->snapshot, known_->board);
  watcher_->start();
}

void Watch::stop() {
  if (watcher_) watcher_->stop();
}

bool Watch::alive() const {
  return !watcher_ || watcher_->alive();
}

bool Watch::lend(const Watcher::Visit& visit, Deadline deadline, const std::stop_token& stop) const {
  return watcher_ && watcher_->lend(visit, deadline, stop);
}

void stop_all(const WatchList& watches) {
  std::vector<std::jthread> stopping;
  for (const auto& watch : watches)
    stopping.emplace_back([&watch] { watch->stop(); });
}

}  // namespace pgvigil::agent
