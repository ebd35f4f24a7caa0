#include "rules/alert.h"

#include <algorithm>

namespace pgvigil::rules {
namespace {

milliseconds between(Timestamp from, Timestamp to) {
  return std::chrono::duration_cast<milliseconds>(to - from);
}

/// One step of one alert.
class Stepper {
 public:
  Stepper(const AlertPolicy& policy, const AlertState& before, Timestamp now)
      : policy_(policy), result_{before}, state_(result_.state), now_(now) {}

  AlertStep step(const Observation& seen) {
    const bool no_data = seen.condition == Condition::no_data;
    if (seen.condition == Condition::unseen || (no_data && policy_.on_nodata == NoData::hold)) {
      lose_sight();
      return std::move(result_);
    }
    regain_sight();
    forget_old_changes();
    const milliseconds elapsed = observed_since_last_look();
    const bool holds = seen.condition == Condition::holds || (no_data && policy_.on_nodata == NoData::fire);
    if (holds) {
      if (seen.condition == Condition::holds) state_.value = seen.value;
      look_at_holding(elapsed);
    } else {
      look_at_gone(elapsed, seen.cleared || no_data);
    }
    state_.last_look = now_;
    state_.last_held = holds;
    return std::move(result_);
  }

 private:
  void tell(Transition transition) { result_.transitions.push_back(transition); }

  void lose_sight() {
    if (state_.phase == AlertPhase::inactive || state_.unknown_since) return;
    state_.unknown_since = now_;
    tell(Transition::unknown_begins);
  }

  /// The first look after a blind stretch: the time since the last one was not observed.
  void regain_sight() {
    if (!state_.unknown_since) return;
    state_.unknown_since.reset();
    state_.last_look.reset();
    tell(Transition::unknown_ends);
  }

  /// How much of the time since the last look counts. A clock that was set back counts nothing.
  milliseconds observed_since_last_look() const {
    if (!state_.last_look || now_ <= *state_.last_look) return milliseconds{0};
    const milliseconds gap = between(*state_.last_look, now_);
    return gap <= policy_.longest_gap ? gap : milliseconds{0};
  }

  void look_at_holding(milliseconds elapsed) {
    state_.observed_gone = milliseconds{0};
    if (state_.phase == AlertPhase::firing) return quiet_down(!state_.last_held, false);
    if (state_.phase == AlertPhase::inactive) {
      state_.phase = AlertPhase::pending;
      state_.active_since = now_;
      state_.observed = milliseconds{0};
      if (policy_.hold_for > milliseconds{0}) tell(Transition::pending);
    } else if (state_.last_held) {
      state_.observed += elapsed;
    }
    if (state_.observed >= policy_.hold_for) begin_to_fire();
  }

  void look_at_gone(milliseconds elapsed, bool cleared) {
    if (state_.phase == AlertPhase::inactive) return;
    if (state_.phase == AlertPhase::pending) {
      end();
      return tell(Transition::dropped);
    }
    if (!cleared) return quiet_down(false, false);  // between the two thresholds
    if (!state_.last_held) state_.observed_gone += elapsed;
    if (state_.observed_gone < policy_.keep_firing_for) return;
    if (state_.flapping) return quiet_down(state_.last_held, true);
    note_change();
    if (is_flapping()) return begin_to_flap();
    resolve();
  }

  void begin_to_fire() {
    state_.phase = AlertPhase::firing;
    state_.firing_since = now_;
    state_.observed_gone = milliseconds{0};
    tell(Transition::firing);
    note_change();
    if (is_flapping()) begin_to_flap();
  }

  void note_change() {
    if (policy_.flap) state_.changes.push_back(now_);
  }

  void forget_old_changes() {
    if (!policy_.flap) return state_.changes.clear();
    std::erase_if(state_.changes,
                  [&](Timestamp change) { return between(change, now_) >= policy_.flap->within; });
  }

  bool is_flapping() const { return policy_.flap && state_.changes.size() >= policy_.flap->changes; }

  void begin_to_flap() {
    state_.flapping = true;
    tell(Transition::flapping_begins);
  }

  /// A flapping alert fires on until its condition has not changed for the whole window; then it is what it
  /// is.
  void quiet_down(bool changed, bool is_gone) {
    if (!state_.flapping) return;
    if (changed) note_change();
    if (!state_.changes.empty()) return;
    state_.flapping = false;
    tell(Transition::flapping_ends);
    if (is_gone) resolve();
  }

  void resolve() {
    end();
    tell(Transition::resolved);
  }

  void end() {
    AlertState ended;
    ended.value = state_.value;
    ended.changes = std::move(state_.changes);
    ended.last_look = now_;
    state_ = std::move(ended);
  }

  const AlertPolicy& policy_;
  AlertStep result_;
  AlertState& state_;
  Timestamp now_;
};

}  // namespace

AlertPolicy policy_of(const Rule& rule, milliseconds interval) {
  return {rule.hold_for, rule.keep_firing_for, rule.on_nodata, rule.flap,
          std::max(4 * interval, milliseconds{1000})};
}

std::string_view to_string(AlertPhase phase) {
  switch (phase) {
    case AlertPhase::inactive:
      return "inactive";
    case AlertPhase::pending:
      return "pending";
    case AlertPhase::firing:
      return "firing";
  }
  return "";
}

std::string_view to_string(Transition transition) {
  switch (transition) {
    case Transition::pending:
      return "pending";
    case Transition::dropped:
      return "dropped";
    case Transition::firing:
      return "firing";
    case Transition::resolved:
      return "resolved";
    case Transition::unknown_begins:
      return "unknown begins";
    case Transition::unknown_ends:
      return "unknown ends";
    case Transition::flapping_begins:
      return "flapping begins";
    case Transition::flapping_ends:
      return "flapping ends";
  }
  return "";
}

AlertStep step(const AlertPolicy& policy, const AlertState& before, const Observation& seen, Timestamp now) {
  return Stepper(policy, before, now).step(seen);
}

}  // namespace pgvigil::rules
