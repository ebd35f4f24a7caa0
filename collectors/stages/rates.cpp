#include "collectors/stages/rates.h"

#include <algorithm>

#include "collectors/model/table_editor.h"

namespace pgvigil::collectors {

void Speed::add(Timestamp at, double count, std::chrono::milliseconds over, Grows grows) {
  const Point point{at, count};
  const bool fell = count < now_.count && grows == Grows::counter;
  if (!begun_ || fell || at < now_.at) start_ = middle_ = point;
  begun_ = true;
  now_ = point;
  if (at - middle_.at < over / 2) return;
  start_ = middle_;
  middle_ = point;
}

std::optional<double> Speed::per_second() const {
  const double seconds = seconds_between(start_.at, now_.at);
  if (!begun_ || seconds <= 0) return std::nullopt;
  return (now_.count - start_.count) / seconds;
}

Table Rates::apply(Table table) {
  TableEditor editor(std::move(table));
  const Timestamp now = editor.table().taken_at();
  for (std::size_t i = 0; i < plans_.size(); ++i) {
    const RatePlan& plan = plans_[i];
    for (std::size_t row = 0; row < editor.table().rows(); ++row) {
      std::optional<double> result;
      if (const auto count = editor.table().value(row, plan.counter)) {
        Speed& speed = speeds_[i][key_of(editor.table(), row)];
        speed.add(now, *count, plan.over, plan.grows);
        result = speed.per_second();
      }
      if (plan.gives == RatePlan::Gives::time_left && result) {
        const auto left = editor.table().value(row, plan.metric);
        const bool ends = left && *result > 0;
        result = ends ? std::optional(std::max(0.0, *left) / *result) : std::nullopt;
      }
      editor.set_value(row, plan.metric, result);
    }
    const auto memory = std::max<std::chrono::milliseconds>(k_row_memory, 2 * plan.over);
    std::erase_if(speeds_[i], [&](const auto& entry) { return now - entry.second.last() > memory; });
  }
  return std::move(editor).finish();
}

void Rates::forget_counters() {
  for (auto& speeds : speeds_)
    speeds.clear();
}

}  // namespace pgvigil::collectors
