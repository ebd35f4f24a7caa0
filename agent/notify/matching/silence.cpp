#include "agent/notify/matching/silence.h"

#include <algorithm>

namespace pgvigil::agent::notify {

std::string_view to_string(SilenceState state) {
  switch (state) {
    case SilenceState::pending:
      return "pending";
    case SilenceState::active:
      return "active";
    case SilenceState::expired:
      return "expired";
  }
  return "";
}

SilenceState state_of(const Silence& silence, Timestamp now) {
  if (now >= silence.ends_at) return SilenceState::expired;
  return now < silence.starts_at ? SilenceState::pending : SilenceState::active;
}

const Silence* silence_of(std::span<const Silence> silences, const promql::Labels& labels, Timestamp now) {
  const auto found = std::ranges::find_if(silences, [&](const Silence& silence) {
    return state_of(silence, now) == SilenceState::active && promql::matches_all(silence.matchers, labels);
  });
  return found == silences.end() ? nullptr : &*found;
}

std::string complaint_about(const Silence& silence) {
  if (silence.matchers.empty()) return "a silence needs at least one matcher";
  if (std::ranges::all_of(silence.matchers, [](const Matcher& matcher) { return matcher.matches(""); }))
    return "at least one matcher must not match an empty label: this silence would silence everything";
  if (silence.ends_at <= silence.starts_at) return "a silence must end after it starts";
  if (silence.author.empty()) return "a silence needs an author";
  return "";
}

}  // namespace pgvigil::agent::notify
