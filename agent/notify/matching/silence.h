#pragma once

#include <span>
#include <string>

#include "agent/notify/matching/matchers.h"
#include "collectors/model/units.h"

namespace pgvigil::agent::notify {

/// Whoever an alert matches wholly is not told of it between two times. The alert itself goes on.
struct Silence {
  std::string id;
  Matchers matchers;
  Timestamp starts_at = {};
  Timestamp ends_at = {};
  std::string author;
  std::string comment;
  Timestamp updated_at = {};
};

/// In Alertmanager's words.
enum class SilenceState : std::uint8_t { pending, active, expired };
std::string_view to_string(SilenceState state);
SilenceState state_of(const Silence& silence, Timestamp now);

/// The silence that holds at `now` and matches; null when there is none.
const Silence* silence_of(std::span<const Silence> silences, const promql::Labels& labels, Timestamp now);

/// What is wrong with a silence that somebody wants to make; empty when nothing is. One whose matchers match
/// every alert is refused, as Alertmanager refuses it: at least one must not match the empty text.
std::string complaint_about(const Silence& silence);

}  // namespace pgvigil::agent::notify
