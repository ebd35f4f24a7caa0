#include "collectors/stages/top.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ranges>

#include "collectors/model/table_builder.h"

namespace pgvigil::collectors {
namespace {

constexpr double k_unknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::string_view k_other = "other";
/// A row's speed is smoothed over this time, so that one burst does not turn the order over.
constexpr std::chrono::duration<double> k_smoothing = std::chrono::minutes{5};

bool is_rankable(const Table& table, std::size_t row, std::size_t metric) {
  return table.has(row, metric) && !std::isnan(*table.value(row, metric));
}

}  // namespace

/// The rows that share one "other".
struct Top::Group {
  std::vector<std::string> labels;  // by TopPlan::groups
  std::vector<double> total;        // by counter: what "other" counted
  std::vector<bool> counted;        // by counter: some row has it
  bool is_new = true;               // in this run: where its counters stand says nothing of what they grew by
  bool is_shown = false;            // "other" stood in the table before
  bool is_here = false;             // in this run
  bool is_wanted = false;           // "other" is to stand in the table of this run
  std::vector<double>
      gauges;  // by metric: of the rows without a seat in this run; NaN where none has a value
};

/// What one table is worked on with.
struct Top::Run {
  const Table& table;
  double seconds = 0;               // since the run before; 0 at the first
  std::vector<std::uint32_t> rows;  // by row of the table: of TopRows
  std::vector<Group*> groups;       // by row
  std::vector<bool> ranked;         // by row: it has a value to rank by
  std::vector<bool> was_shown;      // by row: it had a seat in the table before
  std::vector<double> growth;       // counters_.size() a row
  std::size_t others = 0;           // rows without a seat
};

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

/// How many rows the limit of series allows beside those that are not ranked and the "other" of each group.
std::size_t Top::affordable(const Run& run) const {
  const Table& table = run.table;
  if (table.rows() == 0) return 0;
  const std::size_t a_row = std::max<std::size_t>(1, (table.series() + table.rows() - 1) / table.rows());
  const auto groups = std::ranges::count_if(groups_, [](const auto& entry) { return entry.second.is_here; });
  const auto unranked = std::ranges::count(run.ranked, false);
  const std::size_t spoken_for = static_cast<std::size_t>(groups + unranked) * a_row;
  return spoken_for >= plan_.max_series ? 0 : (plan_.max_series - spoken_for) / a_row;
}

void Top::choose(Run& run) {
  std::vector<std::size_t> all;
  std::map<Group*, std::vector<std::size_t>> by_group;
  for (std::size_t row = 0; row < run.rows.size(); ++row) {
    if (!run.ranked[row]) continue;
    all.push_back(row);
    if (plan_.rows > 0) by_group[run.groups[row]].push_back(row);
  }
  const bool fits = run.table.series() <= plan_.max_series &&
                    std::ranges::none_of(groups_, [](const auto& entry) { return entry.second.is_shown; });
  if (plan_.rows == 0) return give_seats_among(run, all, fits ? all.size() : affordable(run));
  const std::size_t share = affordable(run) / std::max<std::size_t>(1, by_group.size());
  for (const auto& [group, rows] : by_group)
    give_seats_among(run, rows, std::min(plan_.rows, share));
}

void Top::give_seats_among(Run& run, const std::vector<std::size_t>& rows, std::size_t count) {
  std::vector<std::vector<Score>> rankings(plan_.by.size());
  for (std::size_t i = 0; i < plan_.by.size(); ++i) {
    const bool is_counter = std::ranges::find(counters_, plan_.by[i]) != counters_.end();
    rankings[i].reserve(rows.size());
    for (const std::size_t row : rows) {
      const double value = run.table.value(row, plan_.by[i]).value_or(0);
      const double speed = rows_->speed(run.rows[row])[i];
      const double score = is_counter ? speed : value;
      rankings[i].push_back(
          {score, value, is_rankable(run.table, row, plan_.by[i]) && (score != 0 || value != 0)});
    }
  }
  std::vector<Seat> seats;
  for (const std::size_t row : rows)
    seats.push_back(seat(run, row));
  give_seats(rankings, count, seats);
  for (std::size_t i = 0; i < rows.size(); ++i)
    (*rows_)[run.rows[rows[i]]].seat = seats[i];
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

Table Top::build(Run& run) {
  const Table& table = run.table;
  TableBuilder builder(table.shared_schema(), plan_.max_series);
  LeftOut left_out = table.left_out();
  left_out.aggregated += run.others;
  builder.count(left_out);
  for (std::size_t row = 0; row < table.rows(); ++row)
    if (!run.ranked[row] || seat(run, row).taken) add_row(run, row, builder);
  for (auto& [labels, group] : groups_)
    if (group.is_wanted) add_other(run, group, builder);
  return std::move(builder).finish(table.taken_at());
}

void Top::add_row(const Run& run, std::size_t row, TableBuilder& builder) const {
  const Table& table = run.table;
  builder.add_row();
  for (std::size_t label = 0; label < table.schema().labels.size(); ++label)
    builder.set_label(label, table.label(row, label));
  for (std::size_t metric = 0; metric < table.schema().metrics.size(); ++metric)
    if (const auto value = table.value(row, metric)) builder.set_value(metric, *value);
  if (!run.ranked[row]) return;
  const auto* own = rows_->own(run.rows[row]);
  if (own == nullptr) return;
  for (std::size_t i = 0; i < counters_.size(); ++i)
    if (table.has(row, counters_[i])) builder.set_value(counters_[i], (*own)[i]);
}

void Top::add_other(const Run& run, Group& group, TableBuilder& builder) const {
  const Table& table = run.table;
  builder.add_row();
  for (const std::size_t label : plan_.same)
    builder.set_label(label, table.label(0, label));
  for (std::size_t i = 0; i < plan_.groups.size(); ++i)
    builder.set_label(plan_.groups[i], group.labels[i]);
  for (const std::size_t label : plan_.merged)
    builder.set_label(label, k_other);
  // Nobody can tell what a series grew by before its first sample: it begins at 0, and tells the rest in the
  // next.
  for (std::size_t i = 0; i < counters_.size(); ++i)
    if (group.counted[i]) builder.set_value(counters_[i], group.is_shown ? group.total[i] : 0);
  group.is_shown = true;
  for (std::size_t metric = 0; metric < plan_.other.size(); ++metric)
    if (table.schema().metrics[metric].type != MetricType::counter && !std::isnan(group.gauges[metric]))
      builder.set_value(metric, group.gauges[metric]);
}

}  // namespace pgvigil::collectors
