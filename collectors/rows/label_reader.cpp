#include "collectors/rows/label_reader.h"

#include <algorithm>

#include "collectors/postgres/sql_text.h"

namespace pgvigil::collectors {
namespace {

/// Of a statement's text this much is told, in bytes: enough to know it by.
constexpr std::size_t k_most_of_statement = 100;
constexpr std::string_view k_withheld = "(withheld: not in the grammar of PostgreSQL 15)";

}  // namespace

template <typename Column>
std::expected<void, Error> LabelReader::map(std::vector<Column>& columns, std::string_view name) const {
  const auto column = columns_.require(name, plan_);
  if (!column) return std::unexpected(column.error());
  columns.push_back(*column);
  return {};
}

std::expected<void, Error> LabelReader::begin() {
  label_columns_.clear();
  filter_columns_.clear();
  holds_statements_.clear();
  filters_.clear();
  const auto& labels = plan_.raw_schema->labels;
  const auto& statements = plan_.definition->statement_labels;
  for (const LabelName& label : labels) {
    holds_statements_.push_back(std::ranges::find(statements, label.text()) != statements.end());
    if (label.text() == k_server_label)
      label_columns_.emplace_back();
    else if (auto mapped = map(label_columns_, label.text()); !mapped)
      return mapped;
  }
  for (const LabelFilter& filter : limits_.filters) {
    // A label may belong to other versions or to another generation of names.
    if (std::ranges::find(labels, filter.label, &LabelName::text) == labels.end()) continue;
    if (auto mapped = map(filter_columns_, filter.label); !mapped) return mapped;
    filters_.push_back(&filter);
  }
  return {};
}

std::optional<std::string_view> LabelReader::text(const Row& row, std::size_t label) const {
  if (!label_columns_[label]) return plan_.endpoint;
  const auto text = row.text(*label_columns_[label]);
  if (!text || !holds_statements_[label]) return text;
  statement_ =
      postgres::shortened(postgres::normalised(*text).value_or(std::string(k_withheld)), k_most_of_statement);
  return statement_;
}

bool LabelReader::is_filtered(const Row& row) const {
  for (std::size_t i = 0; i < filter_columns_.size(); ++i)
    if (!filters_[i]->lets_pass(row.text(filter_columns_[i]).value_or(""))) return true;
  return false;
}

}  // namespace pgvigil::collectors
