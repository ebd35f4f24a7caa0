#include "rules/history/source.h"

#include <algorithm>
#include <utility>

#include "rules/history/allocated.h"

namespace pgvigil::rules {
namespace {

using namespace promql;

std::size_t memory_of(const Labels& labels) {
  std::size_t text = 0;
  for (std::size_t i = 0; i < labels.size(); ++i)
    text += labels[i].name.size() + labels[i].value.size();
  constexpr std::size_t k_entry = 24;
  constexpr std::size_t k_counts = 16;  // of who shares it
  return allocated(sizeof(Labels) + k_counts) + allocated(text + 1) + allocated(labels.size() * k_entry);
}

/// The first tick after a time.
Tick first_after(const TickTimes& times, std::int64_t t_ms) {
  return t_ms < times.back() ? times.first_from(t_ms + 1) : times.next_tick();
}

}  // namespace

std::size_t StoredSeries::chunk_memory() const {
  return sizeof(Chunks) + chunks.memory();
}

std::size_t StoredSeries::fixed_memory() const {
  // The series itself, its labels, and the two look-ups.
  return sizeof(StoredSeries) - sizeof(Chunks) + label_memory + 8 * sizeof(void*);
}

void HistorySource::begin_tick(std::int64_t t_ms, std::int64_t lookback_ms) {
  times_.push_back(t_ms);
  lookback_ms_ = lookback_ms;
}

StoredSeries& HistorySource::series_of(const LabelsPtr& labels) {
  const auto [place, is_new] = by_labels_.try_emplace(labels, static_cast<std::uint32_t>(series_.size()));
  if (is_new) {
    by_name_[std::string(labels->metric_name())].push_back(place->second);
    series_.push_back({.labels = labels, .label_memory = static_cast<std::uint32_t>(memory_of(*labels))});
  }
  return series_[place->second];
}

std::optional<std::size_t> HistorySource::add(const LabelsPtr& labels,
                                              double value,
                                              std::int64_t longest_chunk_ms,
                                              bool has_room) {
  if (!has_room && !has(labels)) return std::nullopt;
  const std::size_t before = series_.size();
  StoredSeries& series = series_of(labels);
  if (series.seen == times_.next_tick()) return 0;
  series.seen = times_.next_tick();
  append(series, value, longest_chunk_ms);
  return series_.size() > before ? series.fixed_memory() + series.chunk_memory() : 0;
}

void HistorySource::end_tick(std::int64_t longest_chunk_ms) {
  for (StoredSeries& series : series_)
    if (series.seen != times_.next_tick() && !series.ended) append(series, stale_marker(), longest_chunk_ms);
}

void HistorySource::append(StoredSeries& to, double value, std::int64_t longest_chunk_ms) {
  const Tick tick = times_.next_tick() - 1;
  const auto goes_on = [&](const Chunk& last) {
    return last.count < k_most_values && last.last_tick() + 1 == tick &&
           times_.back() - times_.at(last.first_tick) <= longest_chunk_ms;
  };
  if (!to.chunks.is_open() || !goes_on(to.chunks.back())) to.chunks.begin(tick);
  to.chunks.add(value);
  to.ended = is_stale(value);
}

void HistorySource::restore(const LabelsPtr& labels, Chunks chunks) {
  StoredSeries& series = series_of(labels);
  series.ended = is_stale(chunks.back().values().back());
  series.chunks = std::move(chunks);
}

void HistorySource::drop_before(std::int64_t t_ms) {
  const Tick kept = times_.first_from(t_ms);
  for (StoredSeries& series : series_)
    while (!series.chunks.empty() && series.chunks.front().last_tick() < kept)
      series.chunks.drop_front();
  tidy();
}

void HistorySource::tidy() {
  const auto is_empty = [](const StoredSeries& one) { return one.chunks.empty(); };
  if (std::ranges::any_of(series_, is_empty)) {
    std::erase_if(series_, is_empty);
    series_.shrink_to_fit();
    by_labels_.clear();
    by_name_.clear();
    for (std::uint32_t i = 0; i < series_.size(); ++i) {
      by_labels_.emplace(series_[i].labels, i);
      by_name_[std::string(series_[i].labels->metric_name())].push_back(i);
    }
  }
  Tick needed = times_.next_tick();
  for (const StoredSeries& one : series_)
    needed = std::min(needed, one.chunks.front().first_tick);
  times_.drop_before(needed);
}

std::size_t HistorySource::memory() const {
  std::size_t bytes = sizeof(HistorySource) + times_.memory();
  bytes += (series_.capacity() - series_.size()) * sizeof(StoredSeries);
  for (const StoredSeries& one : series_)
    bytes += one.fixed_memory() + one.chunk_memory();
  return bytes;
}

/// Series that match, found by their name where the matchers tell it.
template <typename Take>
void HistorySource::for_each_match(std::span<const Matcher> matchers, Take take) const {
  const auto name = std::ranges::find_if(matchers, [](const Matcher& matcher) {
    return matcher.name() == k_metric_name && matcher.kind() == MatchKind::equal;
  });
  if (name == matchers.end()) {
    for (const StoredSeries& series : series_)
      if (matches_all(matchers, *series.labels)) take(series);
    return;
  }
  const auto of_name = by_name_.find(name->value());
  if (of_name == by_name_.end()) return;
  for (std::uint32_t i : of_name->second)
    if (matches_all(matchers, *series_[i].labels)) take(series_[i]);
}

void HistorySource::select(std::span<const Matcher> matchers,
                           std::int64_t from_ms,
                           std::int64_t to_ms,
                           SeriesSet& found) const {
  std::vector<std::int64_t> times;  // made when they are wanted: most sources have nothing to say
  const Tick from = times_.first_from(from_ms - lookback_ms_);
  const Tick end = first_after(times_, to_ms);
  for_each_match(matchers, [&](const StoredSeries& series) {
    if (times.empty()) times = times_.all();
    bool any = false;
    for (std::size_t i = 0; i < series.chunks.count(); ++i) {
      const Chunk chunk = series.chunks[i];
      if (chunk.last_tick() < from || chunk.first_tick >= end) continue;
      Tick tick = chunk.first_tick;
      for (double value : chunk.values()) {
        const Tick at = tick++;
        if (at < from || at >= end) continue;
        if (!std::exchange(any, true)) found.add_series(series.labels, lookback_ms_);
        found.add_point({times[at - times_.first_tick()], value});
      }
    }
  });
}

void HistorySource::select_labels(std::span<const Matcher> matchers,
                                  std::int64_t from_ms,
                                  std::int64_t to_ms,
                                  std::vector<LabelsPtr>& found) const {
  const Tick from = times_.first_from(from_ms - lookback_ms_);
  const Tick end = first_after(times_, to_ms);
  for_each_match(matchers, [&](const StoredSeries& series) {
    for (std::size_t i = 0; i < series.chunks.count(); ++i) {
      const Chunk chunk = series.chunks[i];
      if (std::max(chunk.first_tick, from) < std::min(chunk.last_tick() + 1, end))
        return found.push_back(series.labels);
    }
  });
}

}  // namespace pgvigil::rules
