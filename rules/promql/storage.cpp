#include "rules/promql/storage.h"

namespace pgvigil::promql {

Expected<std::vector<LabelsPtr>> Queryable::select_labels(std::span<const Matcher> matchers,
                                                          std::int64_t from_ms,
                                                          std::int64_t to_ms) const {
  const Expected<SeriesSet> found = select(matchers, from_ms, to_ms);
  if (!found) return std::unexpected(found.error());
  std::vector<LabelsPtr> labels;
  labels.reserve(found->size());
  for (std::size_t i = 0; i < found->size(); ++i)
    labels.push_back(found->labels(i));
  return labels;
}

}  // namespace pgvigil::promql
