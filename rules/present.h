#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/table.h"
#include "rules/history/history.h"
#include "rules/history/needs.h"
#include "rules/promql/storage.h"

namespace pgvigil::rules {

/// What every source gave last, as series of one sample each: what an instant selector sees. A table replaces
/// the one before it, so a series that it no longer holds is gone at once. Label sets are made when a query
/// first asks for a metric. Not thread-safe: the owner holds a lock over publish() and over a whole query.
class Present : public promql::Queryable {
 public:
  /// `target_labels` go before those of the table; `lookback_ms` is how long the samples count.
  void publish(std::string_view source,
               std::shared_ptr<const Table> table,
               promql::LabelsPtr target_labels,
               std::int64_t lookback_ms);
  /// The same for series that are there already, not as a table: what rules gave.
  void publish(std::string_view source,
               std::vector<Reading> readings,
               std::int64_t t_ms,
               std::int64_t lookback_ms);
  /// Takes the series of a source away: it is no longer collected.
  void withdraw(std::string_view source);

  promql::Expected<promql::SeriesSet> select(std::span<const promql::Matcher> matchers,
                                             std::int64_t from_ms,
                                             std::int64_t to_ms) const override;
  /// Adds those that are not in `found`; keeps no label sets for the next query.
  void add_others(std::span<const promql::Matcher> matchers,
                  std::int64_t from_ms,
                  std::int64_t to_ms,
                  promql::SeriesSet& found) const;

 private:
  struct Source {
    std::shared_ptr<const Table> table;  ///< null: the readings are the series
    std::vector<Reading> readings = {};
    std::int64_t readings_t_ms = 0;
    promql::LabelsPtr target_labels = nullptr;
    std::int64_t lookback_ms = 0;
    /// A list a metric of the table, one set a row, null where there is no value; empty until it is asked
    /// for.
    mutable std::vector<std::vector<promql::LabelsPtr>> labels = {};
  };

  static void take(const Source& source,
                   std::size_t metric,
                   std::span<const promql::Matcher> matchers,
                   std::int64_t from_ms,
                   std::int64_t to_ms,
                   promql::SeriesSet& found);

  static void take_readings(const Source& source,
                            std::span<const promql::Matcher> matchers,
                            std::int64_t from_ms,
                            std::int64_t to_ms,
                            promql::SeriesSet& found);

  std::map<std::string, Source, std::less<>> sources_;
};

/// Goes through the samples of a table whose metrics `wants` names, for History::append(): all of their
/// labels at once would be several times as large as the table.
void each_reading(const Table& table,
                  const promql::LabelsPtr& target_labels,
                  const std::function<bool(std::string_view metric)>& wants,
                  const History::Take& take);
/// The same, all at once.
std::vector<Reading> readings(const Table& table,
                              const promql::LabelsPtr& target_labels,
                              const std::function<bool(std::string_view metric)>& wants);

/// One storage for rules: a metric whose past is kept is answered from the past, which has the newest sample,
/// too; all others, and series for which the past has no room, from the present. `needs` says which is which.
class Timeline : public promql::Queryable {
 public:
  Timeline(const Present& present, const History& history, const HistoryNeeds& needs)
      : present_(present), history_(history), needs_(needs) {}

  promql::Expected<promql::SeriesSet> select(std::span<const promql::Matcher> matchers,
                                             std::int64_t from_ms,
                                             std::int64_t to_ms) const override;
  promql::Expected<std::vector<promql::LabelsPtr>> select_labels(std::span<const promql::Matcher> matchers,
                                                                 std::int64_t from_ms,
                                                                 std::int64_t to_ms) const override;

 private:
  /// Who answers for the one metric that is asked for; null: both.
  const promql::Queryable* who_answers(std::span<const promql::Matcher> matchers) const;

  const Present& present_;
  const History& history_;
  const HistoryNeeds& needs_;
};

}  // namespace pgvigil::rules
