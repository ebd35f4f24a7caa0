#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "rules/advice/advice.h"
#include "rules/advice/look.h"
#include "rules/advice/thresholds.h"

namespace pgvigil::rules::advice {

/// One advisor: a row of the catalog. It is pure: a look and its thresholds go in, an opinion comes out.
struct Advisor {
  std::string_view kind;
  std::string_view title;               ///< what its findings are, for a heading: "indexes that nobody reads"
  std::vector<std::string_view> needs;  ///< collectors without whose tables it is blind
  std::vector<std::string_view> uses;   ///< collectors whose tables make it surer
  /// Whether it has something to say of a standby: not when its numbers are the primary's, or count only
  /// there.
  bool on_standby = false;
  void (*advise)(const Look& look, const Thresholds& thresholds, Opinion& opinion) = nullptr;
};

/// All advisors, in the order of reports. The index advisor that works from the workload will be one more
/// row, and live in rules/advice/indexes/.
std::span<const Advisor> advisors();

/// The advisor of this kind, or null.
const Advisor* find_advisor(std::string_view kind);

/// The collectors whose tables the advisors want, each once.
std::vector<std::string_view> wanted_collectors(std::span<const Advisor* const> advisors);

/// The opinion of one advisor. Blind when a table that it needs is missing; the greatest impact comes first.
Opinion advise(const Advisor& advisor, const Look& look, const Thresholds& thresholds);

}  // namespace pgvigil::rules::advice
