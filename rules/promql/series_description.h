#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/labels.h"

namespace pgvigil::promql {

/// One place of a series of test data.
struct SequenceValue {
  enum class Kind : std::uint8_t { number, omitted, histogram };
  Kind kind = Kind::number;
  double value = 0;  ///< of a number; `stale` is the stale marker
};

struct SeriesDescription {
  LabelsPtr labels;
  std::vector<SequenceValue> values;
};

/// Reads a series in the notation of Prometheus's tests: `up{job="a"} 1 2+3x4 _ _x2 stale NaN -Inf`. a+bxn
/// means n further values, each b more; axn the value n times more; _ no sample. Native histograms ({{…}})
/// are recognised and left empty. Values may be missing altogether.
std::expected<SeriesDescription, std::string> parse_series_description(std::string_view text);

}  // namespace pgvigil::promql
