#include "collectors/model/table.h"

namespace pgvigil {

std::string_view to_string(MetricType type) {
  switch (type) {
    case MetricType::gauge:
      return "gauge";
    case MetricType::counter:
      return "counter";
    case MetricType::untyped:
      return "untyped";
  }
  return "";
}

LeftOut& LeftOut::operator+=(const LeftOut& other) {
  duplicates += other.duplicates;
  over_limit += other.over_limit;
  over_total += other.over_total;
  skipped += other.skipped;
  filtered += other.filtered;
  bad_text += other.bad_text;
  aggregated += other.aggregated;
  return *this;
}

Bytes Table::memory() const {
  std::uint64_t count =
      sizeof(Table) + symbol_text_.capacity() + symbol_ends_.capacity() * sizeof(std::uint32_t);
  for (const auto& column : labels_)
    count += sizeof(column) + column.capacity() * sizeof(std::uint32_t);
  for (const auto& column : metrics_)
    count += sizeof(column) + column.cells.capacity() * sizeof(double) +
             column.present.capacity() * sizeof(std::uint64_t);
  return Bytes{count};
}

}  // namespace pgvigil
