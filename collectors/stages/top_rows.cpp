#include "collectors/stages/top_rows.h"

#include <algorithm>
#include <limits>

namespace pgvigil::collectors {
namespace {

constexpr double k_unknown = std::numeric_limits<double>::quiet_NaN();

}  // namespace

std::uint32_t TopRows::number_of(RowKey key, bool& is_new) {
  const auto [place, added] = index_.try_emplace(key, 0);
  is_new = added;
  if (!added) return place->second;
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(rows_.size()));
    rows_.emplace_back();
    last_.resize(rows_.size() * counters_);
    speed_.resize(rows_.size() * rankings_);
  }
  const std::uint32_t number = free_.back();
  free_.pop_back();
  place->second = number;
  rows_[number] = Row{.key = key};
  std::ranges::fill(last(number), k_unknown);
  std::ranges::fill(speed(number), 0.0);
  return number;
}

std::vector<double>* TopRows::own(std::uint32_t row) {
  const auto found = own_.find(row);
  return found == own_.end() ? nullptr : &found->second;
}

const std::vector<double>* TopRows::own(std::uint32_t row) const {
  const auto found = own_.find(row);
  return found == own_.end() ? nullptr : &found->second;
}

void TopRows::part_from_raw(std::uint32_t row, std::span<const double> growth) {
  const auto [own, is_new] = own_.try_emplace(row);
  if (!is_new) return;
  const auto read = last(row);
  own->second.assign(read.begin(), read.end());
  for (std::size_t i = 0; i < growth.size(); ++i)
    own->second[i] -= growth[i];
}

void TopRows::pass_over_unseen(Timestamp now, double memory, bool forgets_counters) {
  for (std::uint32_t number = 0; number < rows_.size(); ++number) {
    Row& row = rows_[number];
    if (row.seen == now || row.key == 0) continue;
    if (row.seat.taken) part_from_raw(number, {});
    row.seat = {};
    if (forgets_counters) std::ranges::fill(last(number), k_unknown);
    if (seconds_between(row.seen, now) <= memory) continue;
    index_.erase(row.key);
    own_.erase(number);
    row = {};
    free_.push_back(number);
  }
}

}  // namespace pgvigil::collectors
