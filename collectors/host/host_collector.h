#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "collectors/host/errand.h"
#include "collectors/host/sources.h"
#include "collectors/host/volume.h"
#include "collectors/model/outcome.h"
#include "collectors/plan.h"
#include "collectors/rows.h"

namespace pgvigil::host {

/// What of the host can be seen from here.
struct HostPaths {
  std::string cgroup;  ///< folder of a cgroup v2; empty: none
  std::vector<Volume> volumes;
  bool operator==(const HostPaths&) const = default;
};

/// Collects what definitions with scope = "host" ask for. No call blocks past its deadline. Not thread-safe.
class HostCollector {
 public:
  explicit HostCollector(HostPaths paths);
  /// Leaves what hangs to itself.
  ~HostCollector();

  /// The rows of one plan, or why there are none. Error `timed_out` when the cgroup's files do not answer; a
  /// volume that does not is told as a row.
  Outcome collect(const collectors::Plan& plan,
                  const collectors::CollectLimits& limits,
                  Deadline deadline,
                  const std::stop_token& stop);

 private:
  std::variant<HostRows, Unsupported, Error> read(Source source,
                                                  Deadline deadline,
                                                  const std::stop_token& stop);
  HostRows read_volumes(Deadline deadline, const std::stop_token& stop);

  HostPaths paths_;
  Errand cgroup_errand_;
  std::vector<std::unique_ptr<Errand>> volume_errands_;  // by volume: one that hangs does not hide the other
};

}  // namespace pgvigil::host
