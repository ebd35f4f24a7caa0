#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/units.h"
#include "rules/promql/storage.h"
#include "rules/rule.h"

namespace pgvigil::rules {

/// A selector of a rule that finds nothing.
struct EmptySelector {
  std::string rule;
  std::string file;      ///< of the rule
  std::string selector;  ///< its text
  Timestamp since;       ///< the first look that found nothing, with none since that found something
};

/// Watches whether the selectors of rules find series: one that never does has a misspelt label or a metric
/// that nobody gives, and its rule is silent for good. Those in absent() are about that, and are left out.
/// Not thread-safe.
class SelectorWatch {
 public:
  explicit SelectorWatch(std::span<const Rule> rules);

  /// Asks the storage for every selector at `now`. One whose metric is not seen (its collector failed) stays
  /// what it is.
  void look(const promql::Queryable& storage,
            const std::function<bool(std::string_view metric)>& sees,
            Timestamp now);

  /// The selectors that have found nothing for `least` or longer, in the order of the rules.
  std::vector<EmptySelector> empty_for(std::chrono::milliseconds least, Timestamp now) const;
  std::size_t size() const { return watched_.size(); }

 private:
  struct Watched {
    std::string rule;
    std::string file;
    std::string text;
    std::string metric;
    std::vector<promql::Matcher> matchers;
    std::optional<Timestamp> empty_since = {};
  };
  void add(const Rule& rule, const promql::Expr& expr);

  std::vector<Watched> watched_;
};

}  // namespace pgvigil::rules
