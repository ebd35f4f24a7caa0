#pragma once

#include <memory>
#include <vector>

#include "collectors/backups/source_watch.h"
#include "collectors/backups/sources.h"
#include "collectors/local_collector.h"

namespace pgvigil::backups {

/// Collects what definitions with scope = "backups" ask for, of the sources of one server. The sources are
/// looked at when each is due; between two looks the verdicts are made anew of what was seen, so that ages go
/// on.
class BackupCollector final : public collectors::LocalCollector {
 public:
  explicit BackupCollector(const Watched& watched, const Fetch& fetch = {});
  ~BackupCollector() override;

  Outcome collect(const collectors::Plan& plan,
                  const collectors::CollectLimits& limits,
                  Deadline deadline,
                  const std::stop_token& stop) override;

 private:
  std::vector<std::unique_ptr<SourceWatch>> sources_;
};

}  // namespace pgvigil::backups
