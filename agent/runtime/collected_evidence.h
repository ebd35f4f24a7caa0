#pragma once

#include <expected>
#include <vector>

#include "collectors/evidence/evidence.h"
#include "rules/history/needs.h"
#include "rules/promql/ast.h"
#include "rules/promql/storage.h"

namespace pgvigil::agent {

/// Evidence of what was collected before: expressions over series become rows for reading. Any thread may ask
/// it.
class CollectedEvidence {
 public:
  /// Error `configuration` when an expression is none. `definition` is one with collected evidence.
  static std::expected<CollectedEvidence, Error> make(const evidence::Definition& definition);

  /// What the series show at `now`; the columns that a query completes are nothing yet.
  std::expected<evidence::Evidence, Error> look(const promql::Queryable& series, Timestamp now) const;

  /// Adds what its expressions read of the past.
  void add_needs(rules::HistoryNeeds& needs) const;
  /// Whether its rows come from the past: one collection is not enough for it. (Where single columns do,
  /// these stay empty.)
  bool needs_past() const;

 private:
  struct Part {
    std::size_t column = 0;  // its place
    const evidence::SeriesColumn* of = nullptr;
    promql::ExprPtr expr;
  };
  struct Saying {
    promql::ExprPtr when;
    std::string say;
  };

  explicit CollectedEvidence(const evidence::Definition& definition) : definition_(&definition) {}
  std::expected<void, Error> parse();
  std::expected<void, Error> fill(evidence::Evidence& seen,
                                  const promql::Queryable& series,
                                  std::int64_t t_ms) const;

  const evidence::Definition* definition_;
  std::vector<std::size_t> keys_;  // places of the columns that tell rows apart
  promql::ExprPtr order_;
  std::vector<Part> parts_;
  std::vector<Saying> sayings_;
};

/// The series of a storage that have these labels; of other targets it knows nothing.
class SeriesOf : public promql::Queryable {
 public:
  SeriesOf(const promql::Queryable& all, const promql::Labels& target);
  promql::Expected<promql::SeriesSet> select(std::span<const promql::Matcher> matchers,
                                             std::int64_t from_ms,
                                             std::int64_t to_ms) const override;

 private:
  const promql::Queryable& all_;
  std::vector<promql::Matcher> target_;
};

}  // namespace pgvigil::agent
