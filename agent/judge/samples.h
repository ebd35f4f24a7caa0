#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/judge/world.h"
#include "rules/history/history.h"
#include "rules/history/needs.h"
#include "rules/present.h"

namespace pgvigil::agent {

/// Every series that rules and queries see: the last of each source, and the past of those metrics whose past
/// is wanted. Not thread-safe.
class Samples {
 public:
  explicit Samples(rules::HistorySettings settings) : settings_(settings), history_(settings) {}

  /// Which metrics have a past from now on.
  void configure(rules::HistorySettings settings, rules::HistoryNeeds needs);
  void publish(const JudgedTable& table);
  /// The same for series that a rule gave.
  void publish(std::string_view source,
               std::vector<rules::Reading> readings,
               Timestamp now,
               std::int64_t lookback_ms);
  /// The source's series end.
  void withdraw(std::string_view source, Timestamp now);
  /// Forgets what is older than the history reaches, whoever gave it.
  void tidy(Timestamp now);

  const promql::Queryable& storage() const { return timeline_; }
  /// When the newest table was taken.
  Timestamp newest() const { return newest_; }
  rules::HistoryFigures figures() const { return history_.figures(); }
  std::string serialised_history() const { return history_.serialised(); }
  /// Takes the past of another life. Error when the bytes are damaged.
  std::expected<void, Error> restore_history(std::string_view bytes);

 private:
  rules::HistorySettings settings_;
  rules::HistoryNeeds needs_;
  rules::Present present_;
  rules::History history_;
  rules::Timeline timeline_{present_, history_, needs_};
  Timestamp newest_{};
};

}  // namespace pgvigil::agent
