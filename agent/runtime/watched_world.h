#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/judge/world.h"
#include "agent/runtime/own_metrics.h"
#include "agent/runtime/self/self_metrics.h"
#include "agent/watching/exposition/snapshot.h"
#include "agent/watching/watch.h"

namespace pgvigil::agent {

/// The labels that Prometheus would add to every series of this agent.
struct ScrapeLabels {
  std::string instance;
  std::string job;
};

/// What the watches of a configuration collect, and what the agent tells of itself.
class WatchedWorld : public World {
 public:
  /// `self` must outlive it.
  explicit WatchedWorld(SelfMetrics& self) : self_(self) {}
  /// `constant` are the labels of series that are about the process.
  void configure(std::shared_ptr<const WatchList> watches,
                 ScrapeLabels scrape,
                 const std::map<std::string, std::string>& constant,
                 OwnSettings own);

  WorldChanges changes() override;
  std::vector<JudgedTable> own_tables(Timestamp now) override;
  CollectorSight sight(std::string_view collector, const promql::Labels& of) override;

  /// What of this kind is watched that series with these labels may be of. Any thread may call it.
  std::vector<std::shared_ptr<Watch>> servers_of(const promql::Labels& labels,
                                                 ServerKind kind = ServerKind::postgres);
  /// The labels of all series of a watch; none when it is not one of these. Any thread may call it.
  promql::LabelsPtr labels_of(const Watch& watch);

 private:
  struct Watched {
    std::shared_ptr<Watch> watch;
    std::string name;          // of its sources, before the collector's
    promql::LabelsPtr labels;  // of its series
    std::map<std::string, std::shared_ptr<const Published>, std::less<>> seen = {};
  };

  void look_at(Watched& watched, WorldChanges& changes);

  SelfMetrics& self_;
  std::mutex mutex_;  // guards what follows
  std::vector<Watched> watched_;
  std::vector<std::string> withdrawn_;  // by a configuration
  promql::LabelsPtr process_labels_ = promql::Labels::none();
  OwnSettings own_;
};

}  // namespace pgvigil::agent
