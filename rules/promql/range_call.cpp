#include <algorithm>
#include <array>

#include "rules/promql/evaluator.h"

namespace pgvigil::promql {
namespace {

/// Moves over the points of one series: windows come in the order of time.
class WindowCursor {
 public:
  explicit WindowCursor(std::span<const Point> points) : points_(points) {}

  /// The points of (begin, end].
  std::span<const Point> move_to(std::int64_t begin_ms, std::int64_t end_ms) {
    if (!started_) {
      started_ = true;
      first_ = count_until(begin_ms);
      behind_ = first_;
    }
    while (first_ < points_.size() && points_[first_].t_ms <= begin_ms)
      ++first_;
    behind_ = std::max(behind_, first_);
    while (behind_ < points_.size() && points_[behind_].t_ms <= end_ms)
      ++behind_;
    return points_.subspan(first_, behind_ - first_);
  }

 private:
  std::size_t count_until(std::int64_t t_ms) const {
    auto after = std::upper_bound(points_.begin(), points_.end(), t_ms,
                                  [](std::int64_t t, const Point& point) { return t < point.t_ms; });
    return static_cast<std::size_t>(after - points_.begin());
  }

  std::span<const Point> points_;
  std::size_t first_ = 0;
  std::size_t behind_ = 0;
  bool started_ = false;
};

constexpr std::array<std::string_view, 5> k_anchored_functions = {"changes", "delta", "increase", "rate",
                                                                  "resets"};
constexpr std::array<std::string_view, 3> k_smoothed_functions = {"delta", "increase", "rate"};

std::expected<void, Error> check_borders(RangeBorders borders, std::string_view function) {
  if (borders == RangeBorders::plain) return {};
  bool anchored = borders == RangeBorders::anchored;
  std::span<const std::string_view> allowed = anchored
                                                  ? std::span<const std::string_view>(k_anchored_functions)
                                                  : std::span<const std::string_view>(k_smoothed_functions);
  if (std::find(allowed.begin(), allowed.end(), function) != allowed.end()) return {};
  std::string names;
  for (std::string_view name : allowed)
    names.append(names.empty() ? "" : ", ").append(name);
  return failure(Fault::evaluation, std::string(anchored ? "anchored" : "smoothed") +
                                        " modifier can only be used with: " + names + " - not with " +
                                        std::string(function));
}

/// Prometheus takes a metric for a counter by the end of its name.
bool is_named_like_counter(std::string_view name) {
  return name.ends_with("_total") || name.ends_with("_sum") || name.ends_with("_count") ||
         name.ends_with("_bucket");
}

class RangeCall {
 public:
  RangeCall(Evaluator& evaluator, const Call& call, const RangeInput& input)
      : evaluator_(evaluator), call_(call), function_(*call.function), input_(input) {
    std::int64_t lookback = evaluator.context().options.lookback_ms;
    before_ms_ = input.borders == RangeBorders::plain ? 0 : lookback;
    after_ms_ = input.borders == RangeBorders::smoothed ? lookback : 0;
  }

  Expected<Block> run() {
    if (auto allowed = check_borders(input_.borders, function_.name); !allowed)
      return std::unexpected(allowed.error());
    if (auto gathered = gather_scalars(); !gathered) return std::unexpected(gathered.error());
    Expected<Block> block = evaluator_.new_block(input_.series.size());
    if (!block) return block;
    for (std::size_t i = 0; i < input_.series.size(); ++i) {
      bool drop_name = !function_.keeps_name || (!input_.drop_name.empty() && input_.drop_name[i]);
      std::size_t row = block->add_row({input_.series.labels(i), drop_name});
      Expected<bool> any = fill(input_.series.points(i), block->cells(row));
      if (!any) return std::unexpected(any.error());
      if (!*any) {
        block->drop_last_row();
      } else if (function_.name == "rate" || function_.name == "increase") {
        note_gauge(input_.series.labels(i)->metric_name());
      }
    }
    return block;
  }

 private:
  std::expected<void, Error> gather_scalars() {
    for (const ExprPtr& argument : call_.arguments) {
      if (argument->type != ValueType::scalar) continue;
      Expected<std::vector<double>> values = evaluator_.scalar(*argument);
      if (!values) return std::unexpected(values.error());
      columns_.push_back(std::move(*values));
    }
    scalars_.resize(columns_.size());
    return {};
  }

  /// Computes the cells of one series; says whether any has a value.
  Expected<bool> fill(std::span<const Point> points, std::span<double> cells) {
    WindowCursor cursor(points);
    bool any = false;
    std::size_t scanned = 0;
    for (std::size_t step = 0; step < cells.size(); ++step) {
      RangeWindow window;
      window.evaluated_at_ms = evaluator_.grid().at(step);
      window.end_ms = input_.window_end(window.evaluated_at_ms);
      window.begin_ms = window.end_ms - input_.range_ms;
      window.borders = input_.borders;
      window.points = cursor.move_to(window.begin_ms - before_ms_, window.end_ms + after_ms_);
      if (window.points.empty()) continue;
      for (std::size_t i = 0; i < columns_.size(); ++i)
        scalars_[i] = columns_[i][step];
      window.scalars = scalars_;
      RangeNotes notes;
      cells[step] = function_.range(window, notes);
      scanned += window.points.size();
      if (notes.error) return failure(Fault::evaluation, *notes.error);
      if (notes.bad_quantile) {
        evaluator_.context().annotations.add(
            invalid_quantile(*notes.bad_quantile, call_.arguments.front()->span));
      }
      any = any || !is_absent(cells[step]);
    }
    if (auto counted = evaluator_.count_scanned(scanned); !counted) return std::unexpected(counted.error());
    return any;
  }

  void note_gauge(std::string_view name) {
    if (name.empty() || is_named_like_counter(name)) return;
    evaluator_.context().annotations.add(possibly_no_counter(name, call_.arguments.front()->span));
  }

  Evaluator& evaluator_;
  const Call& call_;
  const Function& function_;
  const RangeInput& input_;
  std::int64_t before_ms_ = 0;
  std::int64_t after_ms_ = 0;
  std::vector<std::vector<double>> columns_;
  std::vector<double> scalars_;
};

}  // namespace

Expected<Block> apply_range_function(Evaluator& evaluator, const Call& call, const RangeInput& input) {
  return RangeCall(evaluator, call, input).run();
}

}  // namespace pgvigil::promql
