#include "collectors/stages/lags.h"

#include <algorithm>

#include "collectors/model/table_editor.h"

namespace pgvigil::collectors {
namespace {

constexpr std::size_t k_most_points = 4096;

}  // namespace

void Lag::add(Timestamp at, double leader, std::optional<double> mark) {
  const bool fell = leader_ && leader < *leader_;
  if (fell || at < last_) points_.clear();
  const bool is_new = !leader_ || leader > *leader_;
  const bool counts = !mark || (mark_ && *mark != *mark_);
  leader_ = leader;
  mark_ = mark;
  last_ = at;
  if (!is_new || !counts) return;
  if (points_.empty()) apart_ = {};
  if (!points_.empty() && at - points_.back().at < apart_)
    points_.back().leader = leader;
  else
    points_.push_back({at, leader});
  if (points_.size() > k_most_points) thin_out();
}

/// Two become one, with the time of the earlier: a lag is told as longer rather than as shorter.
void Lag::thin_out() {
  for (std::size_t i = 0; i + 1 < points_.size(); i += 2)
    points_[i / 2] = {points_[i].at, points_[i + 1].leader};
  if (points_.size() % 2 == 1) points_[points_.size() / 2] = points_.back();
  points_.resize((points_.size() + 1) / 2);
  apart_ = (points_.back().at - points_.front().at) / static_cast<int>(k_most_points / 2);
}

double Lag::seconds(Timestamp now, double follower) {
  while (!points_.empty() && points_.front().leader <= follower)
    points_.pop_front();
  return points_.empty() ? 0 : std::max(0.0, seconds_between(points_.front().at, now));
}

Table Lags::apply(Table table) {
  TableEditor editor(std::move(table));
  const Timestamp now = editor.table().taken_at();
  for (std::size_t i = 0; i < plans_.size(); ++i) {
    const LagPlan& plan = plans_[i];
    for (std::size_t row = 0; row < editor.table().rows(); ++row) {
      const auto follower = editor.table().value(row, plan.metric);
      const auto leader = editor.table().value(row, plan.leader);
      const auto mark = plan.mark ? editor.table().value(row, *plan.mark) : std::nullopt;
      std::optional<double> seconds;
      if (leader && (mark || !plan.mark)) {
        Lag& lag = lags_[i][key_of(editor.table(), row)];
        lag.add(now, *leader, mark);
        if (follower) seconds = lag.seconds(now, *follower);
      }
      editor.set_value(row, plan.metric, seconds);
    }
    std::erase_if(lags_[i], [&](const auto& entry) { return now - entry.second.last() > k_row_memory; });
  }
  return std::move(editor).finish();
}

}  // namespace pgvigil::collectors
