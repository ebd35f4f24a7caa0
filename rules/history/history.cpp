#include "rules/history/history.h"

#include <algorithm>

namespace pgvigil::rules {

using namespace promql;

void History::append(std::string_view source_name,
                     std::int64_t t_ms,
                     std::int64_t lookback_ms,
                     std::span<const Reading> readings) {
  append(source_name, t_ms, lookback_ms, [&](const Take& take) {
    for (const Reading& reading : readings)
      take(reading.labels, reading.value);
  });
}

void History::append(std::string_view source_name,
                     std::int64_t t_ms,
                     std::int64_t lookback_ms,
                     const std::function<void(const Take&)>& walk) {
  auto found = sources_.find(source_name);
  if (found == sources_.end()) found = sources_.try_emplace(std::string(source_name)).first;
  HistorySource& source = found->second;
  if (!source.times().empty() && t_ms <= source.times().back()) {
    ++collections_late_;
    return;
  }
  add_tick(found->first, source, t_ms, lookback_ms, walk);
  source.drop_before(t_ms - settings_.retention.count());
  keep_in_bounds();
  if (source.series().empty()) sources_.erase(found);
}

/// New series up to three quarters of the bound, so that those that are there have room to grow; any source
/// up to a sixteenth, so that one with many series keeps out none with few.
void History::add_tick(const std::string& name,
                       HistorySource& source,
                       std::int64_t t_ms,
                       std::int64_t lookback_ms,
                       const std::function<void(const Take&)>& walk) {
  // So that what is kept beyond its time is half as much at the most.
  const std::int64_t longest_chunk_ms = settings_.retention.count() / 2;
  const std::size_t most = settings_.max_bytes.count / 4 * 3;
  const std::size_t most_of_small = settings_.max_bytes.count / 16;
  std::size_t own = source.memory();
  std::size_t all = memory();
  partial_.erase(name);
  source.begin_tick(t_ms, lookback_ms);
  walk([&](const LabelsPtr& labels, double value) {
    const bool has_room = all < most || own < most_of_small;
    const auto grown = source.add(labels, value, longest_chunk_ms, has_room);
    if (!grown) {
      ++samples_over_size_;
      partial_.insert(name);
    }
    own += grown.value_or(0);
    all += grown.value_or(0);
  });
  source.end_tick(longest_chunk_ms);
}

void History::forget(std::string_view source) {
  if (const auto found = sources_.find(source); found != sources_.end()) sources_.erase(found);
  if (const auto found = partial_.find(source); found != partial_.end()) partial_.erase(found);
}

void History::drop_before(std::int64_t t_ms) {
  for (auto& [name, source] : sources_)
    source.drop_before(t_ms);
  std::erase_if(sources_, [](const auto& entry) { return entry.second.series().empty(); });
}

std::size_t History::memory() const {
  std::size_t bytes = 0;
  for (const auto& [name, source] : sources_)
    bytes += source.memory();
  return bytes;
}

void History::keep_in_bounds() {
  std::size_t memory = this->memory();
  if (memory <= settings_.max_bytes.count) return;

  struct Candidate {
    std::int64_t newest_ms;
    const std::string* name;
    HistorySource* source;
    std::size_t series;
  };
  std::vector<Candidate> candidates;
  for (auto& [name, source] : sources_)
    for (std::size_t i = 0; i < source.series().size(); ++i)
      for (std::size_t k = 0; k < source.series()[i].chunks.count(); ++k)
        candidates.push_back(
            {source.times().at(source.series()[i].chunks[k].last_tick()), &name, &source, i});
  // Within a series the chunks are in the order of time, and the sort keeps that.
  std::ranges::stable_sort(candidates, {}, &Candidate::newest_ms);
  // Some room is made at once: the next append shall not search again.
  const std::size_t wanted = settings_.max_bytes.count / 8 * 7;
  for (const auto& [newest_ms, name, source, i] : candidates) {
    if (memory <= wanted) break;
    const StoredSeries& series = source->series()[i];
    const std::size_t before = series.chunk_memory();
    samples_over_size_ += series.chunks.front().count;
    source->drop_front(i);
    if (series.chunks.empty()) partial_.insert(*name);
    const std::size_t after = series.chunks.empty() ? 0 : series.chunk_memory();
    memory -= std::min(memory, before - after + (series.chunks.empty() ? series.fixed_memory() : 0));
  }
  for (auto& [name, source] : sources_)
    source.tidy();
}

Expected<SeriesSet> History::select(std::span<const Matcher> matchers,
                                    std::int64_t from_ms,
                                    std::int64_t to_ms) const {
  SeriesSet found;
  std::size_t answering = 0;
  for (const auto& [name, source] : sources_) {
    const std::size_t before = found.size();
    source.select(matchers, from_ms, to_ms, found);
    if (found.size() > before) ++answering;
  }
  if (answering < 2) return found;

  // A series may have moved from one source to another: its samples are those of both.
  std::vector<std::size_t> order(found.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return *found.labels(a) < *found.labels(b); });
  SeriesSet merged;
  for (std::size_t i = 0; i < order.size();) {
    std::vector<Point> points;
    std::int64_t lookback_ms = 0;
    const LabelsPtr& labels = found.labels(order[i]);
    for (; i < order.size() && *found.labels(order[i]) == *labels; ++i) {
      const std::span<const Point> part = found.points(order[i]);
      points.insert(points.end(), part.begin(), part.end());
      lookback_ms = std::max(lookback_ms, found.lookback_ms(order[i]));
    }
    std::ranges::stable_sort(points, {}, &Point::t_ms);
    const auto repeated = std::ranges::unique(points, {}, &Point::t_ms);
    points.erase(repeated.begin(), repeated.end());
    merged.add_series(labels, lookback_ms);
    merged.add_points(points);
  }
  return merged;
}

Expected<std::vector<LabelsPtr>> History::select_labels(std::span<const Matcher> matchers,
                                                        std::int64_t from_ms,
                                                        std::int64_t to_ms) const {
  std::vector<LabelsPtr> found;
  for (const auto& [name, source] : sources_)
    source.select_labels(matchers, from_ms, to_ms, found);
  return found;
}

HistoryFigures History::figures() const {
  HistoryFigures figures;
  for (const auto& [name, source] : sources_) {
    figures.series += source.series().size();
    figures.memory.count += source.memory();
    figures.chunk_memory.count += source.times().memory();
    for (const StoredSeries& series : source.series()) {
      figures.chunk_memory.count += series.chunk_memory();
      for (std::size_t i = 0; i < series.chunks.count(); ++i)
        figures.samples += series.chunks[i].count;
    }
  }
  figures.samples_over_size = samples_over_size_;
  figures.collections_late = collections_late_;
  return figures;
}

}  // namespace pgvigil::rules
