#include "rules/promql/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "rules/promql/value.h"

namespace pgvigil::promql {
namespace {

constexpr double k_tolerance = 1e-12;  // relative; smaller differences are rounding errors

bool almost_equal(double a, double b) {
  if (a == b) return true;
  constexpr double k_least = std::numeric_limits<double>::min();
  double sum = std::abs(a) + std::abs(b);
  double difference = std::abs(a - b);
  if (a == 0 || b == 0 || sum < k_least) return difference < k_tolerance * k_least;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < k_tolerance;
}

/// Sorts the buckets and joins those with the same bound. False when the last is not +Inf.
bool prepare(std::vector<Bucket>& buckets) {
  std::sort(buckets.begin(), buckets.end(),
            [](const Bucket& a, const Bucket& b) { return a.upper_bound < b.upper_bound; });
  if (buckets.empty() || buckets.back().upper_bound != k_infinity) return false;
  std::size_t kept = 0;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].upper_bound == buckets[kept].upper_bound) {
      buckets[kept].count += buckets[i].count;
    } else {
      buckets[++kept] = buckets[i];
    }
  }
  buckets.resize(kept + 1);
  return true;
}

/// Makes the counts rise; says whether one fell by more than a rounding error.
bool make_monotonic(std::vector<Bucket>& buckets) {
  bool forced = false;
  double previous = buckets.front().count;
  for (Bucket& bucket : buckets) {
    bool rounding = almost_equal(previous, bucket.count);
    if (rounding || bucket.count < previous) {
      forced = forced || !rounding;
      bucket.count = previous;
    }
    previous = bucket.count;
  }
  return forced;
}

}  // namespace

BucketQuantile bucket_quantile(double quantile, std::vector<Bucket>& buckets) {
  if (std::isnan(quantile)) return {k_nan, false};
  if (quantile < 0) return {-k_infinity, false};
  if (quantile > 1) return {k_infinity, false};
  if (!prepare(buckets)) return {k_nan, false};
  bool forced = make_monotonic(buckets);
  double observations = buckets.back().count;
  if (buckets.size() < 2 || observations == 0) return {k_nan, false};
  double rank = quantile * observations;
  auto found = std::find_if(buckets.begin(), buckets.end() - 1,
                            [&](const Bucket& bucket) { return bucket.count >= rank; });
  auto i = static_cast<std::size_t>(found - buckets.begin());
  if (i + 1 == buckets.size()) return {buckets[i - 1].upper_bound, forced};
  if (i == 0 && buckets[0].upper_bound <= 0) return {buckets[0].upper_bound, forced};
  double start = i == 0 ? 0 : buckets[i - 1].upper_bound;
  double below = i == 0 ? 0 : buckets[i - 1].count;
  double share = (rank - below) / (buckets[i].count - below);
  return {start + (buckets[i].upper_bound - start) * share, forced};
}

double bucket_fraction(double lower, double upper, std::vector<Bucket>& buckets) {
  if (!prepare(buckets)) return k_nan;
  double observations = buckets.back().count;
  if (observations == 0 || std::isnan(observations) || std::isnan(lower) || std::isnan(upper)) return k_nan;
  if (lower >= upper) return 0;
  // How many observations were at most `bound`.
  auto rank_of = [&](double bound) {
    double below = 0;
    double start = buckets.front().upper_bound > 0 ? 0 : -k_infinity;
    for (const Bucket& bucket : buckets) {
      if (start >= bound) return below;
      if (bucket.upper_bound > bound) {
        return below + (bucket.count - below) * (bound - start) / (bucket.upper_bound - start);
      }
      below = bucket.count;
      start = bucket.upper_bound;
    }
    return observations;
  };
  double lower_rank = std::min(rank_of(lower), observations);
  double upper_rank = std::min(rank_of(upper), observations);
  return (upper_rank - lower_rank) / observations;
}

}  // namespace pgvigil::promql
