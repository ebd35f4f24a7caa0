#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/judge/world.h"
#include "collectors/model/unix_time.h"
#include "rules/history/history.h"
#include "rules/rule.h"

namespace pgvigil::agent {

/// What rules compare, over the last half hour and a sample a minute: the line that a person is shown beside
/// an alert. It is kept apart from the history, whose bound is for what rules need. Not thread-safe.
class RecentPast {
 public:
  static constexpr std::chrono::minutes k_span{30};

  /// The rules whose metrics are kept from now on.
  void configure(const std::vector<rules::Rule>& rules);
  void publish(const JudgedTable& table);
  void withdraw(const std::string& source);

  /// What is compared in `rule`, a value a minute and oldest first, for each of these label sets of its
  /// expression; NaN where there was none, empty where nothing is known.
  std::vector<std::vector<double>> lines(const rules::Rule& rule,
                                         const std::vector<promql::LabelsPtr>& series,
                                         Timestamp now) const;
  /// Samples that had to go before their time, since the start.
  std::uint64_t dropped() const { return history_.figures().samples_over_size; }

 private:
  rules::History history_{{.retention = k_span + std::chrono::minutes{5}, .max_bytes = Bytes{4'000'000}}};
  std::set<std::string, std::less<>> metrics_;
  struct Taken {
    Timestamp at;       ///< the last
    bool kept = false;  ///< something of it was
  };
  std::map<std::string, Taken> taken_;  // by source
};

}  // namespace pgvigil::agent
