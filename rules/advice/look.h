#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/table.h"
#include "collectors/model/units.h"

namespace pgvigil::rules::advice {

/// What was collected of one server at about the same time: all that an advisor sees.
struct Look {
  Timestamp now;
  bool is_standby = false;
  std::string user;  ///< our own role: what it does is not the application's doing
  std::map<std::string, std::shared_ptr<const Table>, std::less<>> tables;  ///< by collector
  std::map<std::string, std::string, std::less<>> missing;  ///< why there is no table of a collector
  /// Databases that a collector could not look into, though it gave a table of others.
  std::map<std::string, std::set<std::string>, std::less<>> unseen;

  /// The table of a collector, or null.
  const Table* table(std::string_view collector) const;
};

/// A label column of a table, by name; without such a column every text is empty.
class LabelColumn {
 public:
  LabelColumn(const Table& table, std::string_view name);
  std::string_view operator()(std::size_t row) const {
    return column_ ? table_->label(row, *column_) : std::string_view{};
  }

 private:
  const Table* table_;
  std::optional<std::size_t> column_;
};

/// A value column of a table, by the name of its metric; without such a column every value is absent.
class ValueColumn {
 public:
  ValueColumn(const Table& table, std::string_view metric);
  std::optional<double> operator()(std::size_t row) const {
    return column_ ? table_->value(row, *column_) : std::nullopt;
  }

 private:
  const Table* table_;
  std::optional<std::size_t> column_;
};

/// Finds rows of a table by some of its labels. The table must outlive it.
class RowFinder {
 public:
  RowFinder(const Table& table, std::vector<std::string_view> labels);
  /// The first row with these texts, in the order of the labels.
  std::optional<std::size_t> find(const std::vector<std::string_view>& texts) const;

 private:
  std::map<std::vector<std::string_view>, std::size_t> rows_;
};

/// The first value of `metric` in the table of `collector`, for tables of one row.
std::optional<double> value_of(const Look& look, std::string_view collector, std::string_view metric);

/// The value of the server parameter, by the name of its metric ("pg_settings_work_mem_bytes").
std::optional<double> setting(const Look& look, std::string_view metric);

/// Since when the cumulative statistics of this database count, as far as the server tells: the later of the
/// resets of pg_stat_database and of pg_stat_bgwriter, which a crash resets too
/// (pgstat_reset_after_failure(), from 15 on; before, the former is always known).
std::optional<Timestamp> statistics_since(const Look& look, std::string_view datname);

/// How many standbys stream from this server; 0 also when nobody knows.
double standbys(const Look& look);

}  // namespace pgvigil::rules::advice
