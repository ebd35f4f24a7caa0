#include "collectors/stages/ranking.h"

#include <algorithm>
#include <numeric>

namespace pgvigil::collectors {
namespace {

using Rows = std::vector<std::size_t>;

/// The best `limit` rows of one ranking, best first.
Rows best_of(const std::vector<Score>& ranking, std::size_t limit, std::span<const Seat> seats) {
  Rows rows;
  for (std::size_t row = 0; row < ranking.size(); ++row)
    if (ranking[row].ranked) rows.push_back(row);
  const auto before = [&](std::size_t a, std::size_t b) {
    if (ranking[a].score != ranking[b].score) return ranking[a].score > ranking[b].score;
    if (ranking[a].tie != ranking[b].tie) return ranking[a].tie > ranking[b].tie;
    if (seats[a].taken != seats[b].taken) return seats[a].taken;
    return a < b;
  };
  if (rows.size() > limit) {
    std::ranges::nth_element(rows, rows.begin() + static_cast<std::ptrdiff_t>(limit), before);
    rows.resize(limit);
  }
  std::ranges::sort(rows, before);
  return rows;
}

}  // namespace

Rows best_in_turn(std::span<const std::vector<Score>> rankings,
                  std::size_t limit,
                  std::span<const Seat> seats) {
  std::vector<bool> chosen(seats.size());
  Rows rows;
  const auto choose = [&](std::size_t row) {
    if (chosen[row] || rows.size() == limit) return;
    chosen[row] = true;
    rows.push_back(row);
  };
  std::vector<Rows> lists;
  for (const auto& ranking : rankings)
    lists.push_back(best_of(ranking, limit, seats));
  for (std::size_t place = 0; place < limit; ++place)
    for (const Rows& list : lists)
      if (place < list.size()) choose(list[place]);
  for (const bool taken : {true, false})
    for (std::size_t row = 0; row < seats.size(); ++row)
      if (seats[row].taken == taken) choose(row);
  return rows;
}

void give_seats(std::span<const std::vector<Score>> rankings, std::size_t count, std::span<Seat> seats) {
  const Rows order = best_in_turn(rankings, count + count / 10 + 1, seats);
  std::vector<bool> good_enough(seats.size());
  for (const std::size_t row : order)
    good_enough[row] = true;

  Rows keepers;
  for (std::size_t row = 0; row < seats.size(); ++row) {
    Seat& seat = seats[row];
    if (!seat.taken) continue;
    seat.behind = good_enough[row] ? 0 : static_cast<std::uint8_t>(seat.behind + 1);
    if (seat.behind >= k_patience) seat = {};
    if (seat.taken) keepers.push_back(row);
  }
  std::size_t free = count - std::min(count, keepers.size());
  for (const std::size_t row : order) {
    if (free == 0) break;
    if (seats[row].taken) continue;
    seats[row] = {.taken = true};
    --free;
  }
  // There are fewer seats than before: those that are behind give theirs up first.
  std::size_t surplus = keepers.size() - std::min(count, keepers.size());
  std::ranges::stable_sort(keepers,
                           [&](std::size_t a, std::size_t b) { return seats[a].behind > seats[b].behind; });
  for (std::size_t i = 0; i < surplus; ++i)
    seats[keepers[i]] = {};
}

}  // namespace pgvigil::collectors
