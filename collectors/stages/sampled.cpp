#include "collectors/stages/sampled.h"

#include <algorithm>

#include "collectors/model/table_builder.h"

namespace pgvigil::collectors {

void Sampled::add(const Table& table) {
  schema_ = table.shared_schema();
  left_out_ = table.left_out();
  const Timestamp now = table.taken_at();
  const double longest = 2 * std::chrono::duration<double>(plan_.every).count();
  const double seconds = last_ ? std::clamp(seconds_between(*last_, now), 0.0, longest) : 0;
  last_ = now;

  std::erase_if(rows_, [&](const auto& entry) { return now - entry.second.seen > k_row_memory; });
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const RowKey key = key_of(table, row);
    if (rows_.size() >= plan_.max_rows && !rows_.contains(key)) {
      ++left_out_.over_limit;
      continue;
    }
    Row& known = rows_[key];
    if (known.labels.empty()) {
      for (std::size_t label = 0; label < schema_->labels.size(); ++label)
        known.labels.emplace_back(table.label(row, label));
      known.sums.resize(plan_.metrics.size());
      known.counted.resize(plan_.metrics.size());
    }
    known.seen = now;
    for (std::size_t i = 0; i < plan_.metrics.size(); ++i)
      if (const auto value = table.value(row, plan_.metrics[i])) {
        known.sums[i] += *value * seconds;
        known.counted[i] = true;
      }
  }
}

Table Sampled::sums() {
  TableBuilder builder(schema_, rows_.size() * plan_.metrics.size());
  builder.count(left_out_);
  for (auto& [key, row] : rows_) {
    builder.add_row();
    for (std::size_t label = 0; label < row.labels.size(); ++label)
      builder.set_label(label, row.labels[label]);
    for (std::size_t i = 0; i < plan_.metrics.size(); ++i)
      if (row.counted[i]) builder.set_value(plan_.metrics[i], row.shown ? row.sums[i] : 0);
    row.shown = true;
  }
  return std::move(builder).finish(*last_);
}

Table Sampled::apply(Table table) {
  add(table);
  return sums();
}

}  // namespace pgvigil::collectors
