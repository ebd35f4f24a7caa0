#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/notify/planning/plan.h"

namespace pgvigil::agent::notify {

/// Something that was decided about a group: why somebody was told, or not.
struct DecisionView {
  Timestamp at;
  std::string receiver;
  std::string group;
  std::string outcome;  ///< "delivered", "waiting", "quiet", or the verdict of a failure
  std::string reason;
  std::size_t alerts = 0;
  std::string about = {};  ///< the names of the alerts, the first few of them
  std::string cause = {};  ///< why a message went out; empty where none did
  std::optional<Timestamp> until =
      {};  ///< when the clock alone makes it another: the end of a wait, the next attempt
};

/// "PostgresDown, PostgresReplicationLag and 3 more".
std::string names_of(std::vector<std::string_view> alerts);

/// The last decisions. Not thread-safe.
class DecisionLog {
 public:
  void note(DecisionView decision);
  /// What of a plan is kept from its receiver although it fires, and why; each reason once, until there is
  /// another. Gives what is new.
  std::vector<DecisionView> note_plan(const std::string& receiver,
                                      const std::vector<PlannedGroup>& groups,
                                      Timestamp now);
  /// Every reason is news again.
  void forget_reasons() { last_reason_.clear(); }
  /// Newest first.
  std::vector<DecisionView> all() const { return {decisions_.begin(), decisions_.end()}; }

 private:
  std::deque<DecisionView> decisions_;
  std::map<std::pair<std::string, std::string>, std::string> last_reason_;  // by receiver and group
};

}  // namespace pgvigil::agent::notify
