#include "agent/judge/judge.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "agent/judge/ticks.h"
#include "agent/log/log.h"
#include "rules/history/charted_metrics.h"
#include "rules/promql/parser.h"

namespace pgvigil::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;
using namespace std::chrono_literals;

/// How often it is looked whether somebody published; a collector's shortest interval.
constexpr auto k_look = 1s;
constexpr milliseconds k_own =
    15s;  // what the agent tells of itself; more often where a rule is evaluated more often

/// How often selectors are looked at, and for how long one finds nothing before that is told.
constexpr auto k_look_at_selectors = 1min;
constexpr milliseconds k_empty_is_told = 1h;

void log_event(const Happened& event) {
  using rules::Transition;
  const rules::Alert& alert = event.event.alert;
  const Transition transition = event.event.transition;
  if (transition == Transition::pending || transition == Transition::dropped) return;
  const bool is_bad = transition == Transition::firing || transition == Transition::unknown_begins;
  std::string word(to_string(transition));
  std::ranges::replace(word, ' ', '_');
  log(is_bad ? LogLevel::warning : LogLevel::info, "alert_" + word,
      {{"alert", event.rule->name},
       {"labels", promql::to_string(*alert.labels)},
       {"value", alert.state.value}});
}

std::map<std::string, std::size_t> count_by_rule(const std::vector<rules::EmptySelector>& selectors) {
  std::map<std::string, std::size_t> counts;
  for (const rules::EmptySelector& selector : selectors)
    ++counts[selector.rule];
  return counts;
}

}  // namespace

Judge::Judge(World& world, Store& store, std::function<void(const JudgeFigures&)> tell)
    : world_(world), store_(store), tell_(std::move(tell)) {}

Judge::~Judge() {
  stop();
}

void Judge::add_sink(TransitionSink& sink) {
  sinks_.push_back(&sink);
}

void Judge::configure(JudgeSettings settings, std::vector<rules::Rule> rules, Timestamp now) {
  const std::lock_guard lock(mutex_);
  rules::HistoryNeeds needs = std::move(settings.needs);
  for (const rules::Rule& rule : rules) {
    needs.add(*rule.expr.tree);
    if (rule.clear) needs.add(*rule.clear->tree);
    for (const rules::NamedTemplate& annotation : rule.annotations)
      for (const std::string& query : annotation.parsed.queries())
        if (const auto expr = promql::parse_expression(query)) needs.add(**expr);
  }
  for (const std::string& metric : settings.keep)
    needs.add(metric, settings.history.retention);
  if (settings.keep_charted)
    for (const std::string_view metric : rules::charted_metrics())
      needs.add(std::string(metric), settings.history.retention);
  recent_.configure(rules);
  selectors_ = rules::SelectorWatch(rules);
  empty_selectors_.clear();
  settings_ = std::move(settings);
  samples_.configure(settings_.history, std::move(needs));
  if (!std::exchange(configured_, true)) restore();
  auto told = runner_.configure(std::move(rules), settings_.surroundings, std::exchange(restored_, {}),
                                samples_, now);
  for (const Happened& event : told)
    log_event(event);
  std::ranges::move(told, std::back_inserter(unsaved_events_));
  save();
  if (tell_) tell_(figures_now());
  wake_.notify_all();
}

void Judge::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void Judge::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  save_history();
}

void Judge::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Timestamp next = look(system_clock::now());
    std::unique_lock lock(mutex_);
    // Bounded, for the wall clock may be set.
    const auto pause = std::clamp<system_clock::duration>(next - system_clock::now(), 1ms, k_look);
    wake_.wait_for(lock, stop, pause, [] { return false; });
  }
}

Timestamp Judge::look(Timestamp now) {
  {
    const std::lock_guard lock(mutex_);
    if (!configured_) return now + k_look;
    take_in(now);
    if (runner_.next_due() <= now) judge(now);
  }
  save_history_if_due(now);
  const std::lock_guard lock(mutex_);
  return std::min({now + k_look, runner_.next_due(), own_due_});
}

/// What was published since the last time, and now and then what the agent says of itself.
void Judge::take_in(Timestamp now) {
  WorldChanges changes = world_.changes();
  for (const std::string& source : changes.withdrawn) {
    samples_.withdraw(source, now);
    recent_.withdraw(source);
  }
  for (const JudgedTable& table : changes.published) {
    samples_.publish(table);
    recent_.publish(table);
  }
  if (now < own_due_ && own_due_ <= now + k_own) return;
  own_due_ = next_tick("own", std::min(k_own, runner_.shortest_interval()), now);
  std::set<std::string> sources;
  for (const JudgedTable& table : world_.own_tables(now)) {
    samples_.publish(table);
    recent_.publish(table);
    sources.insert(table.source);
  }
  for (const std::string& gone : own_sources_)
    if (!sources.contains(gone)) samples_.withdraw(gone, now);
  own_sources_ = std::move(sources);
}

void Judge::judge(Timestamp now) {
  auto told = runner_.run_due(world_, samples_, now);
  for (const Happened& event : told)
    log_event(event);
  std::ranges::move(told, std::back_inserter(unsaved_events_));
  save();
  look_at_selectors(now);
  if (tell_) tell_(figures_now());
}

/// Each that has found nothing for long is told once.
void Judge::look_at_selectors(Timestamp now) {
  if (now < selectors_due_ && selectors_due_ <= now + k_look_at_selectors) return;
  selectors_due_ = now + k_look_at_selectors;
  selectors_.look(
      samples_.storage(), [&](std::string_view metric) { return runner_.sees(world_, metric); }, now);
  auto empty = selectors_.empty_for(k_empty_is_told, now);
  for (const rules::EmptySelector& found : empty) {
    const bool is_told = std::ranges::any_of(empty_selectors_, [&](const rules::EmptySelector& before) {
      return before.rule == found.rule && before.selector == found.selector;
    });
    if (!is_told) log(LogLevel::info, "selector_empty", {{"rule", found.rule}, {"selector", found.selector}});
  }
  empty_selectors_ = std::move(empty);
}

void Judge::read(const std::function<void(const promql::Queryable&, Timestamp now)>& ask) {
  const std::lock_guard lock(mutex_);
  const Timestamp now = system_clock::now();
  if (configured_) take_in(now);
  ask(samples_.storage(), std::max(now, samples_.newest()));
}

std::vector<GroupStatus> Judge::rules() const {
  const std::lock_guard lock(mutex_);
  return runner_.status();
}

std::vector<rules::Alert> Judge::alerts() const {
  std::vector<rules::Alert> all;
  for (GroupStatus& group : rules())
    for (RuleStatus& rule : group.rules)
      std::ranges::move(rule.alerts, std::back_inserter(all));
  return all;
}

std::vector<std::vector<double>> Judge::recent(const std::vector<promql::LabelsPtr>& alerts) const {
  std::vector<std::vector<double>> lines(alerts.size());
  std::map<const rules::Rule*, std::vector<std::size_t>> by_rule;
  std::vector<promql::LabelsPtr> series(alerts.size());
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < alerts.size(); ++i)
    if (const auto found = runner_.find(alerts[i])) {
      by_rule[found->rule].push_back(i);
      series[i] = found->alert->series;
    }
  for (const auto& [rule, places] : by_rule) {
    std::vector<promql::LabelsPtr> wanted;
    for (const std::size_t place : places)
      wanted.push_back(series[place]);
    auto found = recent_.lines(*rule, wanted, system_clock::now());
    for (std::size_t i = 0; i < places.size(); ++i)
      lines[places[i]] = std::move(found[i]);
  }
  return lines;
}

JudgeFigures Judge::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_now();
}

JudgeFigures Judge::figures_now() const {
  return {.rules = runner_.rules(),
          .runner = runner_.figures(),
          .alerts = count_alerts(runner_),
          .left_out = runner_.left_out(),
          .empty_selectors = count_by_rule(empty_selectors_),
          .history = samples_.figures(),
          .history_limit = settings_.history.max_bytes,
          .recent_dropped = recent_.dropped(),
          .history_set_aside = history_set_aside_,
          .history_save_errors = history_save_errors_,
          .store = store_.status()};
}

}  // namespace pgvigil::agent
