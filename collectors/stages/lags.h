#pragma once

#include <deque>
#include <unordered_map>
#include <vector>

#include "collectors/stages/stage.h"

namespace pgvigil::collectors {

/// A metric that is worked out from how long one position has been behind another.
struct LagPlan {
  std::size_t metric = 0;             ///< gets the seconds; holds the position of who follows before
  std::size_t leader = 0;             ///< the metric that holds the position to be reached
  std::optional<std::size_t> mark{};  ///< only readings at which this one changed count
};

/// For how long a position has not been reached: the age of the oldest reading of the leader that the
/// follower is still behind. 0 when all is reached, however long ago that was. Beyond some thousands,
/// readings that are close to one another become one, which may make a lag longer by a thousandth.
class Lag {
 public:
  /// Takes what the leader reads. A leader that fell begins anew. With a mark, the first reading counts for
  /// nothing: nobody knows when it was reached.
  void add(Timestamp at, double leader, std::optional<double> mark);
  double seconds(Timestamp now, double follower);
  Timestamp last() const { return last_; }

 private:
  struct Point {
    Timestamp at{};
    double leader = 0;
  };
  void thin_out();

  std::deque<Point> points_;     // not reached yet, the oldest first
  Timestamp::duration apart_{};  // what is read sooner after the last point is added to it
  std::optional<double> leader_;
  std::optional<double> mark_;
  Timestamp last_{};
};

/// Fills metrics with lags, in seconds; absent while one of the columns is.
class Lags final : public Stage {
 public:
  explicit Lags(std::vector<LagPlan> plans) : plans_(std::move(plans)), lags_(plans_.size()) {}
  Table apply(Table table) override;
  /// Positions go on over a restart; another server's, which are lower, begin anew by themselves.
  void forget_counters() override {}

 private:
  std::vector<LagPlan> plans_;
  std::vector<std::unordered_map<RowKey, Lag>> lags_;  // by plan
};

}  // namespace pgvigil::collectors
