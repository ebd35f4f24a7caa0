#include "rules/history/history.h"

#include <algorithm>

namespace pgvigil::rules {
namespace {

using namespace promql;

constexpr std::uint32_t k_most_values = 120;  // of a chunk: half an hour at 15 s

std::size_t memory_of(const Labels& labels) {
  std::size_t text = 0;
  for (std::size_t i = 0; i < labels.size(); ++i)
    text += labels[i].name.size() + labels[i].value.size();
  constexpr std::size_t k_entry = 24;
  return sizeof(Labels) + text + labels.size() * k_entry;
}

}  // namespace

History::Series& History::Source::series_of(const LabelsPtr& labels) {
  const auto [place, is_new] = by_labels.try_emplace(labels, static_cast<std::uint32_t>(series.size()));
  if (is_new) {
    by_name[std::string(labels->metric_name())].push_back(place->second);
    series.push_back({labels, memory_of(*labels)});
  }
  return series[place->second];
}

void History::Source::add_value(Series& of, std::uint64_t tick, double value, std::int64_t longest_chunk_ms) {
  const bool begins = of.chunks.empty() || of.chunks.back().closed() ||
                      of.chunks.back().last_tick() + 1 != tick || of.chunks.back().size() >= k_most_values ||
                      time(tick) - time(of.chunks.back().first_tick()) > longest_chunk_ms;
  if (begins) {
    if (!of.chunks.empty() && !of.chunks.back().closed()) of.chunks.back().close();
    of.chunks.emplace_back(tick);
  }
  of.chunks.back().append(value);
  of.ended = is_stale(value);
}

void History::Source::tidy() {
  const auto gone = [](const Series& one) { return one.chunks.empty(); };
  if (std::ranges::any_of(series, gone)) {
    std::erase_if(series, gone);
    by_labels.clear();
    by_name.clear();
    for (std::uint32_t i = 0; i < series.size(); ++i) {
      by_labels.emplace(series[i].labels, i);
      by_name[std::string(series[i].labels->metric_name())].push_back(i);
    }
  }
  // The newest time stays: it tells what comes late.
  std::uint64_t needed = next_tick() == 0 ? 0 : next_tick() - 1;
  for (const Series& one : series)
    needed = std::min(needed, one.chunks.front().first_tick());
  while (first_tick < needed) {
    times.pop_front();
    ++first_tick;
  }
}

std::size_t History::Source::memory() const {
  std::size_t bytes = sizeof(Source) + times.size() * sizeof(std::int64_t);
  for (const Series& one : series) {
    // The labels, the two look-ups, and the series itself.
    bytes += one.label_memory + sizeof(Series) + 8 * sizeof(void*);
    bytes += (one.chunks.capacity() - one.chunks.size()) * sizeof(Chunk);
    for (const Chunk& chunk : one.chunks)
      bytes += chunk.memory();
  }
  return bytes;
}

void History::append(std::string_view source_name,
                     std::int64_t t_ms,
                     std::int64_t lookback_ms,
                     std::span<const Reading> readings) {
  auto found = sources_.find(source_name);
  if (found == sources_.end()) {
    if (readings.empty()) return;
    found = sources_.emplace(std::string(source_name), Source{}).first;
  }
  Source& source = found->second;
  if (!source.times.empty() && t_ms <= source.times.back()) {
    ++collections_late_;
    return;
  }
  const std::uint64_t tick = source.next_tick();
  const std::int64_t longest_chunk_ms = settings_.retention.count() / 2;
  source.times.push_back(t_ms);
  source.lookback_ms = lookback_ms;
  for (const Reading& reading : readings) {
    Series& series = source.series_of(reading.labels);
    if (series.seen == tick + 1) continue;  // twice in one collection: the first counts
    series.seen = tick + 1;
    source.add_value(series, tick, reading.value, longest_chunk_ms);
  }
  for (Series& series : source.series) {
    if (series.seen != tick + 1 && !series.ended)
      source.add_value(series, tick, stale_marker(), longest_chunk_ms);
  }
  drop_old(source, t_ms - settings_.retention.count());
  keep_in_bounds();
}

void History::forget(std::string_view source) {
  const auto found = sources_.find(source);
  if (found != sources_.end()) sources_.erase(found);
}

void History::drop_before(std::int64_t t_ms) {
  for (auto& [name, source] : sources_)
    drop_old(source, t_ms);
  std::erase_if(sources_, [](const auto& entry) { return entry.second.series.empty(); });
}

void History::drop_old(Source& source, std::int64_t before_ms) {
  for (Series& series : source.series) {
    const auto kept = std::ranges::find_if(
        series.chunks, [&](const Chunk& chunk) { return source.time(chunk.last_tick()) >= before_ms; });
    series.chunks.erase(series.chunks.begin(), kept);
  }
  source.tidy();
}

void History::keep_in_bounds() {
  std::size_t memory = 0;
  for (const auto& [name, source] : sources_)
    memory += source.memory();
  if (memory <= settings_.max_bytes.count) return;

  struct Candidate {
    std::int64_t newest_ms;
    Source* source;
    std::size_t series;
  };
  std::vector<Candidate> candidates;
  for (auto& [name, source] : sources_)
    for (std::size_t i = 0; i < source.series.size(); ++i)
      for (const Chunk& chunk : source.series[i].chunks)
        candidates.push_back({source.time(chunk.last_tick()), &source, i});
  // Within a series the chunks are in the order of time, and the sort keeps that.
  std::ranges::stable_sort(candidates, {}, &Candidate::newest_ms);
  // Some room is made at once: the next append shall not search again.
  const std::size_t wanted = settings_.max_bytes.count / 8 * 7;
  for (const Candidate& candidate : candidates) {
    if (memory <= wanted) break;
    Series& series = candidate.source->series[candidate.series];
    memory -= std::min(memory, series.chunks.front().memory());
    if (series.chunks.size() == 1) memory -= std::min(memory, series.label_memory + sizeof(Series));
    samples_over_size_ += series.chunks.front().size();
    series.chunks.erase(series.chunks.begin());
  }
  for (auto& [name, source] : sources_)
    source.tidy();
}

void History::select_from(const Source& source,
                          std::span<const Matcher> matchers,
                          std::int64_t from_ms,
                          std::int64_t to_ms,
                          SeriesSet& found) const {
  from_ms -= source.lookback_ms;
  const auto take = [&](const Series& series) {
    if (!matches_all(matchers, *series.labels)) return;
    bool any = false;
    for (const Chunk& chunk : series.chunks) {
      if (source.time(chunk.last_tick()) < from_ms || source.time(chunk.first_tick()) > to_ms) continue;
      std::uint64_t tick = chunk.first_tick();
      for (double value : chunk.values()) {
        const std::int64_t t_ms = source.time(tick++);
        if (t_ms < from_ms || t_ms > to_ms) continue;
        if (!any) found.add_series(series.labels, source.lookback_ms);
        any = true;
        found.add_point({t_ms, value});
      }
    }
  };
  const auto name = std::ranges::find_if(matchers, [](const Matcher& matcher) {
    return matcher.name() == k_metric_name && matcher.kind() == MatchKind::equal;
  });
  if (name == matchers.end()) {
    for (const Series& series : source.series)
      take(series);
    return;
  }
  const auto of_name = source.by_name.find(name->value());
  if (of_name == source.by_name.end()) return;
  for (std::uint32_t i : of_name->second)
    take(source.series[i]);
}

Expected<SeriesSet> History::select(std::span<const Matcher> matchers,
                                    std::int64_t from_ms,
                                    std::int64_t to_ms) const {
  SeriesSet found;
  std::size_t answering = 0;
  for (const auto& [name, source] : sources_) {
    const std::size_t before = found.size();
    select_from(source, matchers, from_ms, to_ms, found);
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

HistoryFigures History::figures() const {
  HistoryFigures figures;
  for (const auto& [name, source] : sources_) {
    figures.series += source.series.size();
    figures.memory.count += source.memory();
    figures.chunk_memory.count += source.times.size() * sizeof(std::int64_t);
    for (const Series& series : source.series) {
      for (const Chunk& chunk : series.chunks) {
        figures.samples += chunk.size();
        figures.chunk_memory.count += chunk.memory();
      }
    }
  }
  figures.samples_over_size = samples_over_size_;
  figures.collections_late = collections_late_;
  return figures;
}

}  // namespace pgvigil::rules
