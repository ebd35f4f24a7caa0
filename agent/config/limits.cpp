#include "agent/config/limits.h"

namespace pgvigil::agent {

collectors::CollectLimits limits_of(const Config& config, const std::string& collector) {
  collectors::CollectLimits limits{config.max_series, {}};
  const auto own = config.collectors.find(collector);
  if (own == config.collectors.end()) return limits;
  limits.max_series = own->second.max_series.value_or(limits.max_series);
  limits.filters = own->second.filters;
  return limits;
}

double database_share_of(const Config& config, const std::string& collector) {
  const auto own = config.collectors.find(collector);
  if (own == config.collectors.end()) return config.database_share;
  return own->second.database_share.value_or(config.database_share);
}

}  // namespace pgvigil::agent
