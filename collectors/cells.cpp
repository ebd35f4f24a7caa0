#include "collectors/cells.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace pgvigil::collectors {
namespace {

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

/// A console has no NULL for a limit that is not set, or a time that was not yet: its cell is empty.
bool is_absent(std::string_view text, ServerKind kind) {
  return text.empty() && kind != ServerKind::postgres;
}

}  // namespace

void Columns::assign(std::span<const std::string_view> names, const Definition& definition) {
  names_.assign(names.begin(), names.end());
  for (std::string& name : names_)
    if (const auto renamed = definition.rename.find(name); renamed != definition.rename.end())
      name = renamed->second;
}

std::optional<std::size_t> Columns::position_of(std::string_view name) const {
  const auto found = std::ranges::find(names_, name);
  if (found == names_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names_.begin());
}

std::expected<std::size_t, Error> Columns::require(std::string_view name, const Plan& plan) const {
  if (const auto column = position_of(name)) return *column;
  return std::unexpected(Error{
      ErrorKind::configuration,
      "the query of collector '" + plan.definition->name + "' gives no column '" + std::string(name) + "'",
      "Correct the query or the metric in " + plan.definition->file + "."});
}

const MetricDefinition* MetricReader::metric_of(std::size_t value) const {
  return value < plan_.metrics.size() ? plan_.metrics[value] : nullptr;
}

std::expected<void, Error> MetricReader::begin() {
  cells_.assign(plan_.values.size(), {});
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    for (const std::string& name : plan_.values[i].columns()) {
      const auto column = columns_.require(name, plan_);
      if (column)
        cells_[i].columns.push_back(*column);
      else if (metric_of(i) != nullptr && metric_of(i)->optional)
        cells_[i].missing = true;
      else
        return std::unexpected(column.error());
    }
    if (metric_of(i) == nullptr) continue;
    for (const LabelFilter& filter : metric_of(i)->when) {
      const auto column = columns_.require(filter.label, plan_);
      if (!column) return std::unexpected(column.error());
      cells_[i].conditions.push_back({&filter, *column});
    }
  }
  return {};
}

std::optional<double> MetricReader::number(const Row& row, std::size_t column) {
  const auto text = row.text(column);
  if (!text || is_absent(*text, plan_.definition->kind)) return std::nullopt;
  const auto value = number_in(*text);
  if (!value && !fault_)
    fault_ = Error{ErrorKind::configuration,
                   "column '" + columns_[column] + "' of collector '" + plan_.definition->name +
                       "' holds text that is no number",
                   "Cast it to a number in the query."};
  return value;
}

class MetricReader::Inputs final : public Expression::Inputs {
 public:
  Inputs(MetricReader& reader, const Row& row, const std::vector<std::size_t>& columns)
      : reader_(reader), row_(row), columns_(columns) {}
  std::optional<double> number(std::size_t column) override { return reader_.number(row_, columns_[column]); }
  std::optional<std::string_view> text(std::size_t column) override { return row_.text(columns_[column]); }

 private:
  MetricReader& reader_;
  const Row& row_;
  const std::vector<std::size_t>& columns_;
};

std::optional<double> MetricReader::value(const Row& row, std::size_t value) {
  const Cell& cell = cells_[value];
  if (cell.missing) return std::nullopt;
  for (const Condition& condition : cell.conditions)
    if (!condition.filter->lets_pass(row.text(condition.column).value_or(""))) return std::nullopt;
  if (plan_.values[value].is_column()) return number(row, cell.columns.front());
  Inputs inputs(*this, row, cell.columns);
  return plan_.values[value].evaluate(inputs);
}

}  // namespace pgvigil::collectors
