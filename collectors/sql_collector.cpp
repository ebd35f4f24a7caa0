#include "collectors/sql_collector.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <system_error>

#include "collectors/model/table_builder.h"

namespace pgvigil::collectors {
namespace {

using postgres::Row;
using Columns = std::vector<std::string>;

/// The number in a cell. A boolean counts as 1 or 0.
std::optional<double> number_in(std::string_view text) {
  if (text == "t") return 1;
  if (text == "f") return 0;
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, fault] = std::from_chars(text.data(), end, number);
  if (fault != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

std::expected<std::size_t, Error> find_column(const Columns& columns,
                                              std::string_view name,
                                              const Plan& plan) {
  const auto found = std::ranges::find(columns, name);
  if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
  return std::unexpected(Error{
      ErrorKind::configuration,
      "the query of collector '" + plan.definition->name + "' gives no column '" + std::string(name) + "'",
      "Correct the query or the metric in " + plan.definition->file + "."});
}

}  // namespace

/// What both kinds of rows share: the columns, the rows to leave out, and the first thing that went wrong.
class SqlCollector::Rows : public postgres::RowHandler {
 public:
  explicit Rows(const Plan& plan) : plan_(plan) {}
  virtual Table finish(Timestamp taken_at) = 0;
  std::optional<Error> fault;

  std::expected<void, Error> begin(std::span<const std::string_view> names) final {
    columns_.assign(names.begin(), names.end());
    skip_column_.reset();
    if (!plan_.definition->skip_when.empty()) {
      const auto column = find_column(columns_, plan_.definition->skip_when, plan_);
      if (!column) return std::unexpected(column.error());
      skip_column_ = *column;
    }
    return map_columns();
  }

 protected:
  virtual std::expected<void, Error> map_columns() = 0;

  bool is_skipped(const Row& row) const { return skip_column_ && row.text(*skip_column_) == "t"; }

  /// The number in a column; absent for NULL. Text that is no number is a fault of the definition.
  std::optional<double> number(const Row& row, std::size_t column) {
    const auto text = row.text(column);
    if (!text) return std::nullopt;
    const auto value = number_in(*text);
    if (!value && !fault)
      fault = Error{ErrorKind::configuration,
                    "column '" + columns_[column] + "' of collector '" + plan_.definition->name +
                        "' holds text that is no number",
                    "Cast it to a number in the query."};
    return value;
  }

  const Plan& plan_;
  Columns columns_;

 private:
  std::optional<std::size_t> skip_column_;
};

class SqlCollector::TableRows final : public Rows {
 public:
  TableRows(const Plan& plan, const CollectLimits& limits)
      : Rows(plan), limits_(limits), builder_(plan.schema, limits.max_series) {}

  void row(const Row& row) override {
    if (is_skipped(row)) return builder_.count({.skipped = 1});
    if (is_filtered(row)) return builder_.count({.filtered = 1});
    builder_.add_row();
    for (std::size_t i = 0; i < label_columns_.size(); ++i)
      if (const auto text = label_columns_[i] ? row.text(*label_columns_[i]) : plan_.endpoint)
        builder_.set_label(i, *text);
    for (std::size_t i = 0; i < value_columns_.size(); ++i)
      if (const auto value = number(row, value_columns_[i])) builder_.set_value(i, *value);
  }

  Table finish(Timestamp taken_at) override { return std::move(builder_).finish(taken_at); }

 protected:
  std::expected<void, Error> map_columns() override {
    label_columns_.clear();
    value_columns_.clear();
    filter_columns_.clear();
    for (const LabelName& label : plan_.schema->labels)
      if (label.text() == k_server_label)
        label_columns_.emplace_back();
      else if (auto mapped = map(label_columns_, label.text()); !mapped)
        return mapped;
    for (const MetricDefinition* metric : plan_.metrics)
      if (auto mapped = map(value_columns_, metric->value); !mapped) return mapped;
    for (const LabelFilter& filter : limits_.filters)
      if (auto mapped = map(filter_columns_, filter.label); !mapped) return mapped;
    return {};
  }

 private:
  template <typename Column>
  std::expected<void, Error> map(std::vector<Column>& columns, std::string_view name) {
    const auto column = find_column(columns_, name, plan_);
    if (!column) return std::unexpected(column.error());
    columns.push_back(*column);
    return {};
  }

  bool is_filtered(const Row& row) const {
    for (std::size_t i = 0; i < filter_columns_.size(); ++i)
      if (!limits_.filters[i].lets_pass(row.text(filter_columns_[i]).value_or(""))) return true;
    return false;
  }

  const CollectLimits& limits_;
  TableBuilder builder_;
  std::vector<std::optional<std::size_t>> label_columns_;   // by label of the schema
  std::vector<std::size_t> value_columns_;   // by metric
  std::vector<std::size_t> filter_columns_;  // by filter
};

/// Each row is a metric of its own: its name and help are patterns over the columns. The table has one row.
class SqlCollector::PivotRows final : public Rows {
 public:
  PivotRows(const Plan& plan, const CollectLimits& limits)
      : Rows(plan), limits_(limits), schema_(std::make_shared<TableSchema>()) {
    // A pivot's only label can be the server: its rows are metrics.
    for (const MetricDefinition* metric : plan.metrics)
      if (schema_->labels.empty() && !labels_of(*metric, plan.generation).empty())
        schema_->labels.push_back(*LabelName::parse(k_server_label));
  }

  void row(const Row& row) override {
    if (is_skipped(row)) {
      ++left_out_.skipped;
      return;
    }
    for (std::size_t i = 0; i < plan_.metrics.size(); ++i)
      if (const auto value = number(row, value_columns_[i])) add(*plan_.metrics[i], row, *value);
  }

  Table finish(Timestamp taken_at) override {
    TableBuilder builder(schema_, limits_.max_series);
    builder.add_row();
    for (std::size_t i = 0; i < values_.size(); ++i)
      builder.set_value(i, values_[i]);
    builder.count(left_out_);
    return std::move(builder).finish(taken_at);
  }

 protected:
  std::expected<void, Error> map_columns() override {
    value_columns_.clear();
    for (const MetricDefinition* metric : plan_.metrics) {
      const auto column = find_column(columns_, metric->value, plan_);
      if (!column) return std::unexpected(column.error());
      value_columns_.push_back(*column);
    }
    return {};
  }

 private:
  void add(const MetricDefinition& metric, const Row& row, double value) {
    MetricName name = MetricName::from(filled(metric.name, row));
    if (values_.size() >= limits_.max_series) {
      ++left_out_.over_limit;
    } else if (!names_.insert(name.text()).second) {
      ++left_out_.duplicates;
    } else {
      std::vector<std::uint16_t> labels(schema_->labels.size());
      schema_->metrics.push_back(
          {std::move(name), metric.type, metric.unit, filled(metric.help, row), std::move(labels)});
      values_.push_back(value);
    }
  }

  /// `pattern` with every {column} replaced by the row's text.
  std::string filled(std::string_view pattern, const Row& row) const {
    std::string text;
    for (std::size_t open = pattern.find('{'); open != std::string_view::npos; open = pattern.find('{')) {
      const std::size_t close = pattern.find('}', open);
      if (close == std::string_view::npos) break;
      text += pattern.substr(0, open);
      const auto column = std::ranges::find(columns_, pattern.substr(open + 1, close - open - 1));
      if (column != columns_.end())
        text += row.text(static_cast<std::size_t>(column - columns_.begin())).value_or("");
      pattern.remove_prefix(close + 1);
    }
    return text + std::string(pattern);
  }

  const CollectLimits& limits_;
  std::shared_ptr<TableSchema> schema_;
  std::vector<std::size_t> value_columns_;
  std::vector<double> values_;
  std::set<std::string> names_;
  LeftOut left_out_;
};

SqlCollector::SqlCollector(const Plan& plan, const CollectLimits& limits) : plan_(plan) {
  if (plan.definition->pivot)
    rows_ = std::make_unique<PivotRows>(plan, limits);
  else
    rows_ = std::make_unique<TableRows>(plan, limits);
}

SqlCollector::~SqlCollector() = default;

std::expected<void, Error> SqlCollector::collect(postgres::Connection& connection,
                                                 const postgres::Manners& manners,
                                                 Deadline deadline) {
  auto outcome = connection.query(plan_.query->sql, manners, deadline, *rows_);
  if (outcome && rows_->fault) return std::unexpected(*rows_->fault);
  return outcome;
}

Table SqlCollector::finish(Timestamp taken_at) && {
  return rows_->finish(taken_at);
}

}  // namespace pgvigil::collectors
