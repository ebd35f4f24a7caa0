#pragma once

#include <stop_token>

#include "collectors/model/outcome.h"
#include "collectors/plan.h"
#include "collectors/rows.h"

namespace pgvigil::collectors {

/// Collects what is not asked of a session: what files and programs tell. No call blocks past its deadline.
/// Not thread-safe.
class LocalCollector {
 public:
  virtual ~LocalCollector() = default;
  /// The rows of one plan, or why there are none.
  virtual Outcome collect(const Plan& plan,
                          const CollectLimits& limits,
                          Deadline deadline,
                          const std::stop_token& stop) = 0;
};

}  // namespace pgvigil::collectors
