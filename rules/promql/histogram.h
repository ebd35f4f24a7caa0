#pragma once

#include <vector>

namespace pgvigil::promql {

/// One bucket of a classic histogram: how many observations were at most `upper_bound`.
struct Bucket {
  double upper_bound = 0;
  double count = 0;
};

struct BucketQuantile {
  double value = 0;
  bool forced_monotonic = false;  ///< counts fell from one bucket to the next and were corrected
};

/// The quantile of the observations, interpolated linearly within a bucket (Prometheus's histogram_quantile).
/// NaN without observations, without a +Inf bucket or with less than two buckets. Sorts and corrects
/// `buckets`.
BucketQuantile bucket_quantile(double quantile, std::vector<Bucket>& buckets);

/// The share of the observations between `lower` and `upper`, interpolated likewise (histogram_fraction).
double bucket_fraction(double lower, double upper, std::vector<Bucket>& buckets);

}  // namespace pgvigil::promql
