#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/table.h"
#include "collectors/model/units.h"
#include "rules/evaluation.h"
#include "rules/metric_catalog.h"
#include "rules/promql/storage.h"
#include "rules/rule.h"

namespace pgvigil::agent::api {

/// What one query may take.
struct QueryLimits {
  std::chrono::milliseconds timeout{120'000};  ///< from the complete request on, waiting included
  std::size_t max_samples = 2'000'000;         ///< that it holds at a time
  std::size_t max_response = 16'000'000;       ///< bytes of its answer

  bool operator==(const QueryLimits&) const = default;
};

/// One rule and how it fares.
struct RuleView {
  std::shared_ptr<const rules::Rule> rule;
  std::vector<rules::Alert> alerts = {};  ///< those that are not inactive
  std::optional<Timestamp> last_evaluation = {};
  double evaluation_seconds = 0;          ///< that the last one took
  std::optional<std::string> error = {};  ///< why the last one has no result
};

/// Something that is watched: a server, a pooler, the host.
struct TargetView {
  std::string kind;                            ///< "postgres", "pgbouncer", "host"
  std::string name;                            ///< empty: it has none
  std::map<std::string, std::string> labels;   ///< that its series carry
  std::optional<bool> up = {};                 ///< nothing: not asked yet
  std::string error = {};                      ///< why it is not up
  std::optional<Timestamp> last_success = {};  ///< of any of its collectors
  double last_seconds = 0;                     ///< of the longest last run of a collector
  std::chrono::milliseconds interval{15'000};
};

/// What a family that is served now means.
struct MetricView {
  std::string name;
  std::string_view type = "unknown";  ///< in OpenMetrics's words
  std::string unit = {};
  std::string help = {};
};

/// What the API reads of the running agent. Any thread may call it; nothing waits for a server.
class Data {
 public:
  virtual ~Data() = default;

  virtual Timestamp now() const = 0;
  virtual QueryLimits limits() const = 0;
  /// Thread-safe, and there as long as this is: a query asks it again and again.
  virtual const promql::Queryable& storage() const = 0;
  /// In the order of their files.
  virtual std::vector<RuleView> rules() const = 0;
  virtual std::vector<TargetView> targets() const = 0;
  /// Every family of /metrics, the agent's own too, sorted by name; one of several collectors is there once.
  virtual std::vector<MetricView> metrics() const = 0;
  virtual Timestamp started() const = 0;
  /// What collectors can give, on or off.
  virtual rules::MetricCatalog catalog() const = 0;
  /// Why a collector that is on gives nothing now, as what follows its name: "failed: permission denied".
  /// Empty when it succeeds on some server, or has not been run yet.
  virtual std::string collector_trouble(std::string_view collector) const = 0;
};

}  // namespace pgvigil::agent::api
