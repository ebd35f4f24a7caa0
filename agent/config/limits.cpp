#include "agent/config/limits.h"

#include <algorithm>

namespace pgvigil::agent {

collectors::CollectLimits limits_of(const Config& config, const std::string& collector) {
  collectors::CollectLimits limits{config.max_series, {}};
  const auto own = config.collectors.find(collector);
  if (own != config.collectors.end()) {
    limits.max_series = own->second.max_series.value_or(limits.max_series);
    limits.filters = own->second.filters;
  }
  // A collector's own filter of a label takes the place of the general one.
  for (const collectors::LabelFilter& filter : config.filters)
    if (std::ranges::find(limits.filters, filter.label, &collectors::LabelFilter::label) ==
        limits.filters.end())
      limits.filters.push_back(filter);
  return limits;
}

double database_share_of(const Config& config, const std::string& collector) {
  const auto own = config.collectors.find(collector);
  if (own == config.collectors.end()) return config.database_share;
  return own->second.database_share.value_or(config.database_share);
}

}  // namespace pgvigil::agent
