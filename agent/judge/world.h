#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/table.h"
#include "rules/evaluation.h"
#include "rules/promql/labels.h"

namespace pgvigil::agent {

/// A table under the name of who gave it, which is the same after a restart; the labels that Prometheus would
/// add; and how long its samples count.
struct JudgedTable {
  std::string source;
  std::shared_ptr<const Table> table;
  promql::LabelsPtr labels;
  std::int64_t lookback_ms = 0;
};

/// What is new since the last look.
struct WorldChanges {
  std::vector<JudgedTable> published;
  std::vector<std::string> withdrawn;  ///< sources that give nothing any more
};

/// How a collector fares on the servers that some labels may be of.
enum class CollectorSight : std::uint8_t {
  waiting,  ///< no outcome yet on any of them
  none,
  some,
  all,
};

/// What a judge looks at. The judge asks from one thread at a time.
class World {
 public:
  virtual ~World() = default;
  virtual WorldChanges changes() = 0;
  /// What the agent tells of itself, of the servers and of itself, as of `now`.
  virtual std::vector<JudgedTable> own_tables(Timestamp now) = 0;
  virtual CollectorSight sight(std::string_view collector, const promql::Labels& of) = 0;
};

}  // namespace pgvigil::agent
