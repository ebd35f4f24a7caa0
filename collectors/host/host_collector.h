#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "collectors/errand.h"
#include "collectors/host/sources.h"
#include "collectors/host/volume.h"
#include "collectors/local_collector.h"
#include "collectors/model/outcome.h"
#include "collectors/text_rows.h"

namespace pgvigil::host {

using collectors::Errand;
using collectors::TextRows;

/// What of the host can be seen from here.
struct HostPaths {
  std::string cgroup;  ///< folder of a cgroup v2; empty: none
  std::vector<Volume> volumes;
  bool operator==(const HostPaths&) const = default;
};

/// Collects what definitions with scope = "host" ask for. No call blocks past its deadline. Not thread-safe.
class HostCollector final : public collectors::LocalCollector {
 public:
  explicit HostCollector(HostPaths paths);
  /// Leaves what hangs to itself.
  ~HostCollector() override;

  /// The rows of one plan, or why there are none. Error `timed_out` when the cgroup's files do not answer; a
  /// volume that does not is told as a row.
  Outcome collect(const collectors::Plan& plan,
                  const collectors::CollectLimits& limits,
                  Deadline deadline,
                  const std::stop_token& stop) override;

 private:
  std::variant<TextRows, Unsupported, Error> read(Source source,
                                                  Deadline deadline,
                                                  const std::stop_token& stop);
  TextRows read_volumes(Deadline deadline, const std::stop_token& stop);

  HostPaths paths_;
  Errand cgroup_errand_;
  std::vector<std::unique_ptr<Errand>> volume_errands_;  // by volume: one that hangs does not hide the other
};

}  // namespace pgvigil::host
