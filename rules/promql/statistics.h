#pragma once

#include <span>
#include <vector>

namespace pgvigil::promql {

/// A sum with compensation for lost digits (A. Neumaier's variant of Kahan's algorithm).
class KahanSum {
 public:
  KahanSum() = default;
  explicit KahanSum(double start) : sum_(start) {}

  void add(double value);
  void scale(double factor) {
    sum_ *= factor;
    compensation_ *= factor;
  }
  double sum() const { return sum_; }
  double compensation() const { return compensation_; }
  double total() const { return sum_ + compensation_; }

 private:
  double sum_ = 0;
  double compensation_ = 0;
};

/// The mean of values added one by one: the sum divided at the end, or, from the moment that the sum would
/// overflow, a mean that moves along.
class RunningMean {
 public:
  void add(double value);
  double mean() const;

 private:
  KahanSum sum_;
  double count_ = 0;
  bool incremental_ = false;
};

/// Mean and sum of squared differences, added one by one (B. P. Welford), with compensated sums.
class RunningVariance {
 public:
  void add(double value);
  /// The variance of the population.
  double variance() const { return squares_.total() / count_; }

 private:
  KahanSum mean_;
  KahanSum squares_;
  double count_ = 0;
};

/// The quantile of `values`, interpolated between neighbours; NaN counts as the smallest. NaN when there are
/// no values or `quantile` is NaN, -Inf below 0, +Inf above 1. Sorts `values`.
double quantile_of(double quantile, std::vector<double>& values);

}  // namespace pgvigil::promql
