// Which rows have a series of their own.

#include <algorithm>
#include <map>

#include "collectors/stages/top_run.h"

namespace pgvigil::collectors {

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

}  // namespace pgvigil::collectors
