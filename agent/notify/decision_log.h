#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/notify/plan.h"

namespace pgvigil::agent::notify {

/// Something that was decided about a group: why somebody was told, or not.
struct DecisionView {
  Timestamp at;
  std::string receiver;
  std::string group;
  std::string outcome;  ///< "delivered", "waiting", "quiet", or the verdict of a failure
  std::string reason;
  std::size_t alerts = 0;
};

/// The last decisions. Not thread-safe.
class DecisionLog {
 public:
  void note(DecisionView decision);
  /// What of a plan is not sent, and why; each reason once, until there is another.
  void note_plan(const std::string& receiver, const std::vector<PlannedGroup>& groups, Timestamp now);
  /// Every reason is news again.
  void forget_reasons() { last_reason_.clear(); }
  /// Newest first.
  std::vector<DecisionView> all() const { return {decisions_.begin(), decisions_.end()}; }

 private:
  std::deque<DecisionView> decisions_;
  std::map<std::pair<std::string, std::string>, std::string> last_reason_;  // by receiver and group
};

}  // namespace pgvigil::agent::notify
