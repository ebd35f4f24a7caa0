#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/rows.h"

namespace pgvigil::collectors {

/// The labels of the schema, and the filters of the configuration, in the columns of a result. Not
/// thread-safe.
class LabelReader {
 public:
  /// All three must outlive it.
  LabelReader(const Plan& plan, const Columns& columns, const CollectLimits& limits)
      : plan_(plan), columns_(columns), limits_(limits) {}
  /// Finds the columns of a new result. An error when one is missing.
  std::expected<void, Error> begin();
  /// The text of a label, by its place in the schema; nothing for NULL. It stays until the next call.
  std::optional<std::string_view> text(const Row& row, std::size_t label) const;
  bool is_filtered(const Row& row) const;

 private:
  template <typename Column>
  std::expected<void, Error> map(std::vector<Column>& columns, std::string_view name) const;

  const Plan& plan_;
  const Columns& columns_;
  const CollectLimits& limits_;
  std::vector<std::optional<std::size_t>> label_columns_;  // by label of the schema
  std::vector<bool> holds_statements_;                     // by label
  std::vector<std::size_t> filter_columns_;
  std::vector<const LabelFilter*> filters_;  // by their columns
  mutable std::string statement_;            // the last that was normalised
};

}  // namespace pgvigil::collectors
