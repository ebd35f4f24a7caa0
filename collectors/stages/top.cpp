#include "collectors/stages/top_run.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ranges>

namespace pgvigil::collectors {
namespace {

constexpr double k_unknown = std::numeric_limits<double>::quiet_NaN();
/// A row's speed is smoothed over this time, so that one burst does not turn the order over.
constexpr std::chrono::duration<double> k_smoothing = std::chrono::minutes{5};

}  // namespace

Top::Top(TopPlan plan) : plan_(std::move(plan)) {}
Top::~Top() = default;

const Seat& Top::seat(const Run& run, std::size_t row) const {
  return (*rows_)[run.rows[row]].seat;
}

void Top::forget_counters() {
  forgotten_ = true;
}

void Top::learn_counters(const TableSchema& schema) {
  for (std::size_t metric = 0; metric < schema.metrics.size(); ++metric)
    if (schema.metrics[metric].type == MetricType::counter) counters_.push_back(metric);
  rows_.emplace(counters_.size(), plan_.by.size());
}

Table Top::apply(Table table) {
  if (!rows_) learn_counters(table.schema());
  // Nearer to the limit than half of it we want to know what counters read before.
  active_ = active_ || plan_.rows > 0 || table.series() > plan_.max_series / 2;
  if (!active_) return table;

  Run run{table};
  if (begun_) run.seconds = std::max(0.0, seconds_between(last_run_, table.taken_at()));
  look(run);
  choose(run);
  settle(run);
  const double memory = std::max(std::chrono::duration<double>(k_row_memory).count(), 2 * run.seconds);
  rows_->pass_over_unseen(table.taken_at(), memory, forgotten_);
  begun_ = true;
  forgotten_ = false;
  last_run_ = table.taken_at();
  const bool is_as_it_was = !rows_->has_own() && std::ranges::none_of(groups_, [](const auto& entry) {
    return entry.second.is_wanted;
  });
  if (is_as_it_was) return table;
  return build(run);
}

Top::Group& Top::group_of(const Run& run, std::size_t row) {
  const Table& table = run.table;
  // Rows come group by group.
  const auto as_before = [&](std::size_t label) {
    return table.label_id(row, label) == table.label_id(row - 1, label);
  };
  if (row > 0 && std::ranges::all_of(plan_.groups, as_before)) return *run.groups[row - 1];
  std::vector<std::string> labels;
  for (const std::size_t label : plan_.groups)
    labels.emplace_back(table.label(row, label));
  auto [place, added] = groups_.try_emplace(labels);
  Group& group = place->second;
  if (added) {
    group.labels = std::move(labels);
    group.total.resize(counters_.size());
    group.counted.resize(counters_.size());
  }
  group.is_here = true;
  return group;
}

/// Finds every row's memory and what its counters grew by.
void Top::look(Run& run) {
  const Table& table = run.table;
  const std::size_t count = table.rows();
  run.rows.resize(count);
  run.groups.resize(count);
  run.ranked.resize(count);
  run.was_shown.resize(count);
  run.growth.assign(count * counters_.size(), 0.0);
  for (auto& [labels, group] : groups_)
    group.is_here = group.is_new = group.is_wanted = false;
  for (std::size_t row = 0; row < count; ++row) {
    bool is_new = false;
    run.rows[row] = rows_->number_of(key_of(table, row), is_new);
    TopRows::Row& known = (*rows_)[run.rows[row]];
    run.groups[row] = &group_of(run, row);
    run.ranked[row] =
        std::ranges::any_of(plan_.by, [&](std::size_t metric) { return is_rankable(table, row, metric); });
    run.was_shown[row] = known.seat.taken;
    known.seen = table.taken_at();
    take_counters(run, row, is_new);
  }
}

void Top::take_counters(Run& run, std::size_t row, bool is_new) {
  TopRows::Row& known = (*rows_)[run.rows[row]];
  Group& group = *run.groups[row];
  const std::span<double> last = rows_->last(run.rows[row]);
  double* growth = run.growth.data() + row * counters_.size();
  // A row that was not there began to count since; a group that was not there may have counted for years.
  const bool learns_only = !begun_ || forgotten_ || group.is_new;
  // What the series of a row reads and what its counter reads part for ever when the counter begins anew.
  const auto parts = [&](std::size_t i) {
    const auto now = run.table.value(row, counters_[i]);
    return now && (std::isnan(last[i]) || *now < last[i] || (learns_only && *now > last[i]));
  };
  if (known.seat.taken && std::ranges::any_of(std::views::iota(std::size_t{0}, counters_.size()), parts))
    rows_->part_from_raw(run.rows[row], {});
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    const auto now = run.table.value(row, counters_[i]);
    if (!now) continue;
    if (run.ranked[row]) group.counted[i] = true;
    if (!learns_only) growth[i] = std::isnan(last[i]) ? *now : increase(last[i], *now);
    last[i] = *now;
  }
  if (run.seconds <= 0 || learns_only || is_new) return;
  const std::span<double> speed = rows_->speed(run.rows[row]);
  const double weight = known.has_speed ? 1 - std::exp(-run.seconds / k_smoothing.count()) : 1;
  for (std::size_t i = 0; i < plan_.by.size(); ++i) {
    const auto counter = std::ranges::find(counters_, plan_.by[i]);
    if (counter == counters_.end()) continue;
    const double now = growth[counter - counters_.begin()] / run.seconds;
    speed[i] += weight * (now - speed[i]);
  }
  known.has_speed = true;
}

/// Every row's growth goes to its own series where that stood in the table before and stands in this one,
/// else to its group's.
void Top::settle(Run& run) {
  for (auto& [labels, group] : groups_) {
    // With a fixed number "other" stands there from the first table on, so that not even its first growth is
    // lost.
    group.is_wanted = group.is_here && (plan_.rows > 0 || group.is_shown);
    group.gauges.assign(run.table.schema().metrics.size(), k_unknown);
  }
  for (std::size_t row = 0; row < run.rows.size(); ++row) {
    if (!run.ranked[row] || seat(run, row).taken) continue;
    ++run.others;
    run.groups[row]->is_wanted = true;
    add_gauges(run, row);
  }
  for (std::size_t row = 0; row < run.rows.size(); ++row)
    if (run.ranked[row]) settle_row(run, row);
}

void Top::add_gauges(Run& run, std::size_t row) {
  for (std::size_t metric = 0; metric < plan_.other.size(); ++metric) {
    if (!run.table.has(row, metric)) continue;
    const double value = *run.table.value(row, metric);
    double& all = run.groups[row]->gauges[metric];
    switch (plan_.other[metric]) {
      case OtherRule::none:
        break;
      case OtherRule::sum:
        all = std::isnan(all) ? value : all + value;
        break;
      case OtherRule::max:
        all = std::isnan(all) ? value : std::max(all, value);
        break;
      case OtherRule::min:
        all = std::isnan(all) ? value : std::min(all, value);
        break;
    }
  }
}

void Top::settle_row(Run& run, std::size_t row) {
  const bool shown = seat(run, row).taken;
  const double* growth = run.growth.data() + row * counters_.size();
  const std::span<const double> last = rows_->last(run.rows[row]);
  if (run.was_shown[row] && !shown) rows_->part_from_raw(run.rows[row], {growth, counters_.size()});
  std::vector<double>* own = rows_->own(run.rows[row]);
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    const bool goes_on = shown && run.was_shown[row] && (own == nullptr || !std::isnan((*own)[i]));
    if (!goes_on && run.groups[row]->is_wanted) run.groups[row]->total[i] += growth[i];
    if (own == nullptr) continue;
    if (goes_on) (*own)[i] += growth[i];
    if (shown && std::isnan((*own)[i])) (*own)[i] = last[i];
  }
}

}  // namespace pgvigil::collectors
