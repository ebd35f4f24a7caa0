#pragma once

#include <chrono>
#include <unordered_map>
#include <vector>

#include "collectors/definition.h"
#include "collectors/stages/stage.h"

namespace pgvigil::collectors {

/// A metric that is worked out from how fast a counter grows.
struct RatePlan {
  enum class Gives : std::uint8_t {
    rate,       ///< the increase a second
    time_left,  ///< seconds until what is left is used up at that rate
  };
  Gives gives = Gives::rate;
  std::size_t metric = 0;   ///< gets the value; for time_left it holds what is left before
  std::size_t counter = 0;  ///< the metric that holds the counter
  std::chrono::milliseconds over{0};
  Grows grows = Grows::counter;
};

/// The increase of one counter a second, over a window of between half of `over` and `over`; over what there
/// is while that is less. Two points are all that it remembers.
class Speed {
 public:
  /// Takes what the counter reads. A counter that fell begins anew; a level goes on.
  void add(Timestamp at, double count, std::chrono::milliseconds over, Grows grows = Grows::counter);
  /// Nothing before the second point.
  std::optional<double> per_second() const;
  Timestamp last() const { return now_.at; }

 private:
  struct Point {
    Timestamp at{};
    double count = 0;
  };
  Point start_;   // of the window
  Point middle_;  // becomes the start when it is half a window old
  Point now_;
  bool begun_ = false;
};

/// Fills metrics with rates and times left. Absent while the rate is not known; a time left also while
/// nothing is used up: it would be infinite.
class Rates final : public Stage {
 public:
  explicit Rates(std::vector<RatePlan> plans) : plans_(std::move(plans)), speeds_(plans_.size()) {}
  Table apply(Table table) override;
  void forget_counters() override;

 private:
  std::vector<RatePlan> plans_;
  std::vector<std::unordered_map<RowKey, Speed>> speeds_;  // by plan
};

}  // namespace pgvigil::collectors
