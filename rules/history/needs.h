#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/ast.h"

namespace pgvigil::rules {

/// The metrics whose past is asked for, and how far back: what a History keeps.
class HistoryNeeds {
 public:
  /// Adds what `expr` reads of the past: selectors with a range, an offset or @, and all below a subquery. An
  /// instant selector is served from the present and needs nothing.
  void add(const promql::Expr& expr);
  /// Adds one metric by name, for charts and the configuration.
  void add(std::string metric, std::chrono::milliseconds span);

  bool wants(std::string_view metric) const;
  /// How far back `metric` is asked for; 0 when it is not. What cannot be told from the text counts as an
  /// hour.
  std::chrono::milliseconds span(std::string_view metric) const;
  /// The longest of all.
  std::chrono::milliseconds longest() const;

 private:
  /// A selector that names its metric by other conditions than its name: {__name__=~"pg_.*"}.
  struct Pattern {
    std::vector<promql::Matcher> matchers;
    std::chrono::milliseconds span;
  };

  void add_below(const promql::Expr& expr, std::chrono::milliseconds outer, bool past);
  void add_selector(const promql::VectorSelector& selector, std::chrono::milliseconds span);

  std::map<std::string, std::chrono::milliseconds, std::less<>> by_name_;
  std::vector<Pattern> patterns_;
};

}  // namespace pgvigil::rules
