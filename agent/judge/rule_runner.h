#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/judge/samples.h"
#include "agent/judge/world.h"
#include "rules/evaluation.h"
#include "rules/rule.h"

namespace pgvigil::agent {

/// Something that happened to an alert of a rule.
struct Happened {
  std::shared_ptr<const rules::Rule> rule;
  rules::AlertEvent event;
  Timestamp at;
};

/// "unknown", "ok" and "err": the words of Prometheus's API.
enum class RuleHealth : std::uint8_t { unknown, ok, err };
std::string_view to_string(RuleHealth health);

/// A rule as it stands.
struct RuleStatus {
  std::shared_ptr<const rules::Rule> rule;
  std::vector<rules::Alert> alerts = {};  ///< that are pending or firing, by their labels
  RuleHealth health = RuleHealth::unknown;
  std::string last_error = {};
  double evaluation_seconds = 0;   ///< of the last evaluation
  Timestamp last_evaluation = {};  ///< the epoch before the first
  std::size_t left_out = 0;        ///< alerts of the last evaluation for which there was no room
};

/// Rules that are evaluated together, one after the other.
struct GroupStatus {
  std::string name;
  std::string file;
  std::chrono::milliseconds interval{};
  double evaluation_seconds = 0;
  Timestamp last_evaluation = {};
  std::vector<RuleStatus> rules = {};
};

/// Counts since the start of the process.
struct RunnerFigures {
  std::uint64_t evaluations = 0;
  std::uint64_t failures = 0;
  std::uint64_t missed = 0;  ///< ticks of a group that were not made up for
  double seconds = 0;
  Timestamp last_evaluation = {};
};

/// What rules have to know beside the samples.
struct RuleSurroundings {
  std::chrono::milliseconds default_interval{15'000};  ///< of groups that set none
  std::string external_url;
  std::size_t max_alerts = 5'000;  ///< of all rules
  /// Who gives a metric; the agent itself gives those that are not there.
  std::map<std::string, std::string, std::less<>> collector_of;
};

/// Evaluates the rules, each group at its own moments, and keeps the states of their alerts. Not thread-safe;
/// the clock is an argument.
class RuleRunner {
 public:
  using AlertsByRule = std::map<std::string, rules::Alerts>;

  /// The rules from now on. Alerts of a rule that was there before keep their states; `restored` are those of
  /// another life. What is told: the end of firing alerts whose rule is gone, or has other labels now.
  std::vector<Happened> configure(std::vector<rules::Rule> rules,
                                  RuleSurroundings surroundings,
                                  AlertsByRule restored,
                                  const Samples& samples,
                                  Timestamp now);
  /// When the next group is due; far ahead without rules.
  Timestamp next_due() const;
  /// Of all groups; an hour without rules.
  std::chrono::milliseconds shortest_interval() const;
  /// Evaluates the groups that are due, and gives what they recorded to `samples`.
  std::vector<Happened> run_due(World& world, Samples& samples, Timestamp now);

  /// Calls `save` with each rule whose alerts are to be saved, until confirm_saved().
  void for_each_unsaved(const std::function<void(const std::string& rule, const rules::Alerts&)>& save) const;
  void confirm_saved();

  /// Whether what gives a metric succeeded last on every server.
  bool sees(World& world, std::string_view metric) const;
  std::vector<GroupStatus> status() const;
  /// Calls `look` with every rule and those of its alerts that are pending or firing, copying none.
  void for_each_alert(const std::function<void(const RuleStatus&, const rules::Alert&)>& look) const;
  /// By rule: alerts for which there was no room.
  std::map<std::string, std::size_t> left_out() const;
  /// An alert by its labels, with its rule; nothing when it is neither pending nor firing. Valid until the
  /// next change.
  struct Found {
    const rules::Rule* rule;
    const rules::Alert* alert;
  };
  std::optional<Found> find(const promql::LabelsPtr& labels) const;
  const RunnerFigures& figures() const { return figures_; }
  std::size_t rules() const;

 private:
  struct Slot {
    std::shared_ptr<const rules::Rule> rule;
    rules::AlertPolicy policy;
    std::vector<std::string> metrics;  // that it reads
    std::string source;                // of what it records
    rules::Alerts alerts = {};
    RuleStatus status = {};
    std::uint64_t saved_digest = 0;  // of the alerts as they are saved, or will be
    Timestamp saved_at = {};
  };
  struct Group {
    GroupStatus status;
    Timestamp due;
    std::vector<Slot> slots = {};
    bool shows_alerts = false;  // there are series ALERTS of it
  };

  rules::EvaluationContext context(const Samples& samples) const;
  std::size_t room_for(const Slot& slot) const;
  void add(rules::Rule rule, Timestamp now);
  void take_over(
      Slot& slot, rules::Alerts before, const Samples& samples, Timestamp now, std::vector<Happened>& told);
  bool is_waiting(const Slot& slot, World& world) const;
  CollectorSight sight(World& world, std::string_view metric, const promql::Labels& of, int depth) const;
  void run(Group& group, World& world, Samples& samples, Timestamp now, std::vector<Happened>& told);
  void run(Slot& slot, World& world, Samples& samples, Timestamp now, std::vector<Happened>& told);
  void note_outcome(Slot& slot, const rules::RuleResult& result);
  void note_unsaved(Slot& slot, Timestamp now);

  RuleSurroundings surroundings_;
  std::vector<Group> groups_;
  std::set<std::string> gone_;     // rules whose saved alerts are to be deleted
  std::set<std::string> unsaved_;  // rules
  RunnerFigures figures_;
};

}  // namespace pgvigil::agent
