#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/judge/figures.h"
#include "agent/judge/recent_past.h"
#include "agent/judge/rule_runner.h"
#include "agent/judge/samples.h"
#include "agent/judge/world.h"
#include "agent/store/alerts.h"
#include "agent/store/store.h"
#include "rules/selector_watch.h"

namespace pgvigil::agent {

/// What of the configuration a judge depends on.
struct JudgeSettings {
  rules::HistorySettings history;
  std::vector<std::string> keep;   ///< metrics whose past is kept though no rule asks for it
  bool keep_charted = true;        ///< and those that the dashboards show over time
  rules::HistoryNeeds needs = {};  ///< and what others read of the past
  RuleSurroundings surroundings;
};

/// Keeps what was collected, evaluates the rules over it, and remembers the states of alerts: the one that
/// holds the samples of the agent. A thread of its own does so from start() to stop(). Any thread may ask it;
/// nobody waits longer than an evaluation and a commit take.
class Judge {
 public:
  /// `tell` hears how it fares, after every evaluation. `world` and `store` must outlive it.
  Judge(World& world, Store& store, std::function<void(const JudgeFigures&)> tell = {});
  /// Stops.
  ~Judge();
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  /// Hears of every event from now on, in the transaction that saves the states. Before start(); it must
  /// outlive the judge.
  void add_sink(TransitionSink& sink);
  /// The rules (those that are on) from now on. The first time, states and history of another life are read.
  void configure(JudgeSettings settings, std::vector<rules::Rule> rules, Timestamp now);

  void start();
  /// The history is saved.
  void stop();

  /// Takes in what was collected, evaluates what is due at `now`, and saves; the thread calls it. What comes
  /// back is when to call it again at the latest.
  Timestamp look(Timestamp now);

  /// Runs `ask` over every series there is, as of the moment that it is given.
  void read(const std::function<void(const promql::Queryable&, Timestamp now)>& ask);
  /// The rules and their alerts, as /api/v1/rules shows them.
  std::vector<GroupStatus> rules() const;
  /// All alerts that are pending or firing, by their labels.
  std::vector<rules::Alert> alerts() const;
  /// What the rule of each of these alerts compared over the last half hour (see RecentPast); they are asked
  /// for by their labels.
  std::vector<std::vector<double>> recent(const std::vector<promql::LabelsPtr>& alerts) const;
  JudgeFigures figures() const;

 private:
  void work(const std::stop_token& stop);
  void take_in(Timestamp now);
  void judge(Timestamp now);
  void look_at_selectors(Timestamp now);
  void save();
  JudgeFigures figures_now() const;
  void restore();
  void save_history_if_due(Timestamp now);
  void save_history();

  World& world_;
  Store& store_;
  const std::function<void(const JudgeFigures&)> tell_;
  std::vector<TransitionSink*> sinks_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any wake_;
  JudgeSettings settings_;
  Samples samples_{{}};
  RecentPast recent_;
  RuleRunner runner_;
  RuleRunner::AlertsByRule restored_;  // until the first configure()
  bool configured_ = false;
  std::vector<Happened> unsaved_events_;  // the commit before failed
  std::uint64_t history_set_aside_ = 0;
  std::uint64_t history_save_errors_ = 0;
  rules::SelectorWatch selectors_{{}};
  std::vector<rules::EmptySelector> empty_selectors_;  // for so long that it is told
  Timestamp selectors_due_{};
  Timestamp own_due_{};
  Timestamp history_due_{};
  std::set<std::string> own_sources_;

  std::jthread thread_;
};

}  // namespace pgvigil::agent
