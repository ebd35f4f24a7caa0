#include "rules/promql/statistics.h"

#include <algorithm>
#include <cmath>

#include "rules/promql/value.h"

namespace pgvigil::promql {

void KahanSum::add(double value) {
  double next = sum_ + value;
  if (std::isinf(next)) {
    compensation_ = 0;
  } else if (std::abs(sum_) >= std::abs(value)) {
    compensation_ += (sum_ - next) + value;
  } else {
    compensation_ += (value - next) + sum_;
  }
  sum_ = next;
}

void RunningMean::add(double value) {
  count_ += 1;
  if (!incremental_) {
    KahanSum next = sum_;
    next.add(value);
    if (count_ == 1 || !std::isinf(next.sum())) {
      sum_ = next;
      return;
    }
    incremental_ = true;
    sum_.scale(1 / (count_ - 1));
  }
  sum_.scale((count_ - 1) / count_);
  sum_.add(value / count_);
}

double RunningMean::mean() const {
  if (incremental_) return sum_.total();
  return sum_.sum() / count_ + sum_.compensation() / count_;
}

void RunningVariance::add(double value) {
  count_ += 1;
  double delta = value - mean_.total();
  mean_.add(delta / count_);
  squares_.add(delta * (value - mean_.total()));
}

double quantile_of(double quantile, std::vector<double>& values) {
  if (values.empty() || std::isnan(quantile)) return k_nan;
  if (quantile < 0) return -k_infinity;
  if (quantile > 1) return k_infinity;
  std::sort(values.begin(), values.end(),
            [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
  double rank = quantile * static_cast<double>(values.size() - 1);
  double floor = std::floor(rank);
  auto lower = static_cast<std::size_t>(std::max(0.0, floor));
  std::size_t upper = std::min(values.size() - 1, lower + 1);
  double weight = rank - floor;
  return values[lower] * (1 - weight) + values[upper] * weight;
}

}  // namespace pgvigil::promql
