#include "collectors/rows.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "collectors/model/table_builder.h"
#include "collectors/postgres/sql_text.h"

namespace pgvigil::collectors {
namespace {

/// A series costs some 10 bytes here. Beyond this many the server has more to worry about than we can list.
constexpr std::size_t k_most_series = 10'000'000;

/// Rows that a stage ranks have to be read first: it keeps the limit.
std::size_t most_series(const Plan& plan, const CollectLimits& limits) {
  return plan.definition->top ? std::max(k_most_series, limits.max_series) : limits.max_series;
}

/// Of a statement's text this much is told, in bytes: enough to know it by.
constexpr std::size_t k_most_of_statement = 100;
constexpr std::string_view k_withheld = "(withheld: not in the grammar of PostgreSQL 15)";

/// The labels of the schema, and the filters of the configuration, in the columns of a result.
class LabelReader {
 public:
  LabelReader(const Plan& plan, const Columns& columns, const CollectLimits& limits)
      : plan_(plan), columns_(columns), limits_(limits) {}

  std::expected<void, Error> begin() {
    label_columns_.clear();
    filter_columns_.clear();
    holds_statements_.clear();
    for (const LabelName& label : plan_.raw_schema->labels)
      holds_statements_.push_back(std::ranges::find(plan_.definition->statement_labels, label.text()) !=
                                  plan_.definition->statement_labels.end());
    filters_.clear();
    for (const LabelName& label : plan_.raw_schema->labels)
      if (label.text() == k_server_label)
        label_columns_.emplace_back();
      else if (auto mapped = map(label_columns_, label.text()); !mapped)
        return mapped;
    for (const LabelFilter& filter : limits_.filters) {
      // A label may belong to other versions or to another generation of names.
      const auto& labels = plan_.raw_schema->labels;
      if (std::ranges::find(labels, filter.label, &LabelName::text) == labels.end()) continue;
      if (auto mapped = map(filter_columns_, filter.label); !mapped) return mapped;
      filters_.push_back(&filter);
    }
    return {};
  }

  /// The text of a label, by its place in the schema; nothing for NULL.
  std::optional<std::string_view> text(const Row& row, std::size_t label) const {
    if (!label_columns_[label]) return plan_.endpoint;
    const auto text = row.text(*label_columns_[label]);
    if (!text || !holds_statements_[label]) return text;
    statement_ = postgres::shortened(postgres::normalised(*text).value_or(std::string(k_withheld)), k_most_of_statement);
    return statement_;
  }

  bool is_filtered(const Row& row) const {
    for (std::size_t i = 0; i < filter_columns_.size(); ++i)
      if (!filters_[i]->lets_pass(row.text(filter_columns_[i]).value_or(""))) return true;
    return false;
  }

 private:
  template <typename Column>
  std::expected<void, Error> map(std::vector<Column>& columns, std::string_view name) {
    const auto column = columns_.require(name, plan_);
    if (!column) return std::unexpected(column.error());
    columns.push_back(*column);
    return {};
  }

  const Plan& plan_;
  const Columns& columns_;
  const CollectLimits& limits_;
  std::vector<std::optional<std::size_t>> label_columns_;  // by label of the schema
  std::vector<std::size_t> filter_columns_;
  std::vector<const LabelFilter*> filters_;  // by their columns
  std::vector<bool> holds_statements_;                     // by label
  mutable std::string statement_;                          // the last that was normalised
};

class TableRows final : public PlanRows {
 public:
  TableRows(const Plan& plan, const CollectLimits& limits)
      : PlanRows(plan), labels_(plan, columns_, limits), builder_(plan.raw_schema, most_series(plan, limits)) {}

  void row(const Row& row) override {
    if (is_skipped(row)) return builder_.count({.skipped = 1});
    if (labels_.is_filtered(row)) return builder_.count({.filtered = 1});
    builder_.add_row();
    for (std::size_t i = 0; i < plan_.raw_schema->labels.size(); ++i)
      if (const auto text = labels_.text(row, i)) builder_.set_label(i, *text);
    for (std::size_t i = 0; i < plan_.values.size(); ++i)
      if (const auto value = reader_.value(row, i)) builder_.set_value(i, *value);
  }

  void mark() override { mark_ = builder_.mark(); }

  bool keep(const Table& older,
            std::string_view label,
            const std::function<bool(std::string_view)>& stays) override {
    const auto& labels = plan_.schema->labels;
    const auto place = std::ranges::find(labels, label, &LabelName::text);
    // A table with columns that only the stages look at cannot be made of a published one.
    const bool is_same = plan_.raw_schema == plan_.schema && &older.schema() == plan_.schema.get();
    if (!is_same || place == labels.end()) return false;
    const auto column = static_cast<std::size_t>(place - labels.begin());
    for (std::size_t row = 0; row < older.rows(); ++row)
      if (stays(older.label(row, column))) copy(older, row);
    builder_.count(older.left_out());
    return true;
  }

  Table finish(Timestamp taken_at) override { return std::move(builder_).finish(taken_at); }

 protected:
  std::expected<void, Error> map_columns() override { return labels_.begin(); }
  void take_back_rows() override { builder_.take_back(mark_); }

 private:
  void copy(const Table& older, std::size_t row) {
    builder_.add_row();
    for (std::size_t i = 0; i < plan_.schema->labels.size(); ++i)
      builder_.set_label(i, older.label(row, i));
    for (std::size_t i = 0; i < plan_.schema->metrics.size(); ++i)
      if (const auto value = older.value(row, i)) builder_.set_value(i, *value);
  }

  LabelReader labels_;
  TableBuilder builder_;
  TableBuilder::Mark mark_;
};

/// Rows with the same labels become one: a console that cannot count gives a row for every client.
class AggregateRows final : public PlanRows {
 public:
  AggregateRows(const Plan& plan, const CollectLimits& limits)
      : PlanRows(plan), limits_(limits), labels_(plan, columns_, limits) {
    for (std::size_t i = 0; i < plan.values.size(); ++i) {
      const auto& columns = plan.raw_schema->metrics[i].labels;
      auto found = std::ranges::find(groupings_, columns, &Grouping::labels);
      if (found == groupings_.end()) found = groupings_.insert(groupings_.end(), Grouping{columns, {}, {}});
      found->metrics.push_back(i);
    }
  }

  void row(const Row& row) override {
    if (is_skipped(row)) {
      ++left_out_.skipped;
    } else if (labels_.is_filtered(row)) {
      ++left_out_.filtered;
    } else {
      for (Grouping& grouping : groupings_)
        add(grouping, row);
    }
  }

  void mark() override { marked_ = {groupings_, series_}; }

  Table finish(Timestamp taken_at) override {
    TableBuilder builder(plan_.raw_schema, most_series(plan_, limits_));
    for (const Grouping& grouping : groupings_)
      for (const auto& [key, values] : grouping.groups)
        add_group(builder, grouping, key, values);
    builder.count(left_out_);
    return std::move(builder).finish(taken_at);
  }

 protected:
  std::expected<void, Error> map_columns() override { return labels_.begin(); }
  void take_back_rows() override { std::tie(groupings_, series_) = marked_; }

 private:
  /// The metrics with the same labels, and their values by the labels' texts, of which each ends in a 0 byte.
  struct Grouping {
    std::vector<std::uint16_t> labels;
    std::vector<std::size_t> metrics;
    std::map<std::string, std::vector<std::optional<double>>> groups;
  };

  void add(Grouping& grouping, const Row& row) {
    std::string key;
    for (const std::uint16_t label : grouping.labels)
      key.append(labels_.text(row, label).value_or("")) += '\0';
    for (std::size_t i = 0; i < grouping.metrics.size(); ++i) {
      const auto value = reader_.value(row, grouping.metrics[i]);
      if (!value) continue;
      auto place = grouping.groups.find(key);
      if (place == grouping.groups.end()) {
        if (series_ >= most_series(plan_, limits_)) {
          ++left_out_.over_limit;
          return;
        }
        place = grouping.groups.try_emplace(key, grouping.metrics.size()).first;
      }
      std::optional<double>& sum = place->second[i];
      if (!sum) ++series_;
      const std::size_t metric = grouping.metrics[i];
      const bool is_max = metric < plan_.metrics.size() && plan_.metrics[metric]->aggregate == Aggregate::max;
      sum = !sum ? *value : is_max ? std::max(*sum, *value) : *sum + *value;
    }
  }

  static void add_group(TableBuilder& builder,
                        const Grouping& grouping,
                        std::string_view key,
                        const std::vector<std::optional<double>>& values) {
    builder.add_row();
    for (const std::uint16_t label : grouping.labels) {
      builder.set_label(label, key.substr(0, key.find('\0')));
      key.remove_prefix(key.find('\0') + 1);
    }
    for (std::size_t i = 0; i < values.size(); ++i)
      if (values[i]) builder.set_value(grouping.metrics[i], *values[i]);
  }

  const CollectLimits& limits_;
  LabelReader labels_;
  std::vector<Grouping> groupings_;
  std::size_t series_ = 0;
  std::pair<std::vector<Grouping>, std::size_t> marked_;
  LeftOut left_out_;
};

/// Each row is a metric of its own: its name and help are patterns over the columns. The table has one row.
class PivotRows final : public PlanRows {
 public:
  PivotRows(const Plan& plan, const CollectLimits& limits)
      : PlanRows(plan), limits_(limits), schema_(std::make_shared<TableSchema>()) {
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
      if (const auto value = reader_.value(row, i)) add(*plan_.metrics[i], row, *value);
  }

  void mark() override { marked_ = values_.size(); }

  Table finish(Timestamp taken_at) override {
    TableBuilder builder(schema_, limits_.max_series);
    builder.add_row();
    for (std::size_t i = 0; i < values_.size(); ++i)
      builder.set_value(i, values_[i]);
    builder.count(left_out_);
    return std::move(builder).finish(taken_at);
  }

 protected:
  std::expected<void, Error> map_columns() override { return {}; }
  void take_back_rows() override {
    for (; values_.size() > marked_; values_.pop_back()) {
      names_.erase(schema_->metrics.back().name.text());
      schema_->metrics.pop_back();
    }
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
      if (const auto column = columns_.position_of(pattern.substr(open + 1, close - open - 1)))
        text += row.text(*column).value_or("");
      pattern.remove_prefix(close + 1);
    }
    return text + std::string(pattern);
  }

  const CollectLimits& limits_;
  std::shared_ptr<TableSchema> schema_;
  std::vector<double> values_;
  std::set<std::string, std::less<>> names_;
  std::size_t marked_ = 0;
  LeftOut left_out_;
};

}  // namespace

bool PlanRows::keep(const Table& /*older*/,
                    std::string_view /*label*/,
                    const std::function<bool(std::string_view)>& /*stays*/) {
  return false;
}

std::expected<void, Error> PlanRows::begin(std::span<const std::string_view> names) {
  columns_.assign(names, *plan_.definition);
  skip_column_.reset();
  if (!plan_.definition->skip_when.empty()) {
    const auto column = columns_.require(plan_.definition->skip_when, plan_);
    if (!column) return std::unexpected(column.error());
    skip_column_ = *column;
  }
  if (auto begun = reader_.begin(); !begun) return begun;
  return map_columns();
}

std::unique_ptr<PlanRows> make_rows(const Plan& plan, const CollectLimits& limits) {
  if (plan.definition->pivot) return std::make_unique<PivotRows>(plan, limits);
  const auto has_aggregate = [](const auto* metric) { return metric->aggregate != Aggregate::none; };
  if (std::ranges::any_of(plan.metrics, has_aggregate)) return std::make_unique<AggregateRows>(plan, limits);
  return std::make_unique<TableRows>(plan, limits);
}

}  // namespace pgvigil::collectors
