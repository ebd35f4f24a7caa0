#pragma once

#include <chrono>
#include <optional>

#include "collectors/model/units.h"

namespace pgvigil::rules::advice {

/// How often a finding must come, or stay away, before that is told.
struct Steadiness {
  int appear_after = 2;     ///< looks in a row that found it
  int disappear_after = 3;  ///< looks in a row that could see, and did not find it

  bool operator==(const Steadiness&) const = default;
};

/// How a finding stands, from look to look.
struct Standing {
  Timestamp first_seen;
  Timestamp last_seen;
  int found = 0;      ///< looks in a row
  int missed = 0;     ///< looks in a row
  bool open = false;  ///< it is told

  bool operator==(const Standing&) const = default;
};

/// A look has found it. It is told once it was found often enough, and for as long as it takes to prove it.
Standing after_found(const std::optional<Standing>& before,
                     Timestamp now,
                     std::chrono::seconds unproven_for,
                     const Steadiness& steadiness);

/// A look that could see has not found it: nothing once it is over. What was not told yet is over at once. (A
/// look that could not see is no look: the standing stays as it is.)
std::optional<Standing> after_missed(const Standing& before, const Steadiness& steadiness);

}  // namespace pgvigil::rules::advice
