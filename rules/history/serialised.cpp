// The bytes of a History: a head, the sources one after the other, a checksum (XXH64) of all before it.
// Numbers are LEB128, signed ones zigzag; times are deltas of deltas, which for a steady collector are near
// 0.
#include <algorithm>
#include <limits>

#include "rules/history/history.h"
#include "rules/promql/hash.h"
#include "rules/promql/text.h"

namespace pgvigil::rules {
namespace {

using namespace promql;

constexpr std::string_view k_any_head = "pgvigil history ";
constexpr std::string_view k_head = "pgvigil history 2\n";
constexpr std::size_t k_checksum_bytes = 8;
/// Times on both sides of the epoch that leave room for the sums of queries.
constexpr std::int64_t k_time_bound = std::int64_t{1} << 60;

void put_number(std::string& bytes, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7)
    bytes += static_cast<char>(number | 0x80);
  bytes += static_cast<char>(number);
}

void put_signed(std::string& bytes, std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  put_number(bytes, bits << 1 ^ (number < 0 ? ~std::uint64_t{0} : 0));
}

void put_text(std::string& bytes, std::string_view text) {
  put_number(bytes, text.size());
  bytes += text;
}

std::string checksum_of(std::string_view bytes) {
  const std::uint64_t sum = xxhash64(bytes);
  std::string written;
  for (std::size_t i = 0; i < k_checksum_bytes; ++i)
    written += static_cast<char>(sum >> (8 * i) & 0xFF);
  return written;
}

void put_times(std::string& bytes, const std::vector<std::int64_t>& times) {
  put_number(bytes, times.size());
  std::int64_t last = 0;
  std::int64_t last_delta = 0;
  for (std::int64_t time : times) {
    const std::int64_t delta = time - last;
    put_signed(bytes, delta - last_delta);
    last = time;
    last_delta = delta;
  }
}

void put_labels(std::string& bytes, const Labels& labels) {
  put_number(bytes, labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    put_text(bytes, labels[i].name);
    put_text(bytes, labels[i].value);
  }
}

}  // namespace

/// Reads the bytes of serialised(). Throws nothing; every look is within bounds.
class HistoryReader {
 public:
  HistoryReader(std::string_view bytes, History& history) : rest_(bytes), history_(history) {}

  std::expected<void, std::string> read() {
    const std::size_t sources = count();
    for (std::size_t i = 0; i < sources && problem_.empty(); ++i)
      read_source();
    if (problem_.empty() && !rest_.empty()) fail("bytes are left over");
    if (!problem_.empty()) return std::unexpected(problem_);
    return {};
  }

 private:
  void fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    rest_ = {};
  }

  std::uint64_t number() {
    std::uint64_t result = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      result |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return result;
    }
    fail("a number is cut off");
    return 0;
  }

  std::int64_t signed_number() {
    const std::uint64_t bits = number();
    return static_cast<std::int64_t>(bits >> 1 ^ (~(bits & 1) + 1));
  }

  /// How many things of at least a byte each follow.
  std::size_t count() {
    const std::uint64_t result = number();
    if (result <= rest_.size()) return result;
    fail("a count is too large");
    return 0;
  }

  std::string_view text() {
    const std::size_t size = count();
    const std::string_view result = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return result;
  }

  void read_source() {
    const std::string name(text());
    if (history_.sources_.contains(name)) return fail("a source comes twice");
    HistorySource source;
    const std::int64_t lookback_ms = signed_number();
    if (lookback_ms < 0 || lookback_ms > k_time_bound) return fail("a look-back is out of range");
    read_times(source, lookback_ms);
    const std::size_t series = count();
    for (std::size_t i = 0; i < series && problem_.empty(); ++i)
      read_series(source);
    if (problem_.empty()) history_.sources_.emplace(name, std::move(source));
  }

  void read_times(HistorySource& source, std::int64_t lookback_ms) {
    const std::size_t times = count();
    std::int64_t last = 0;
    std::int64_t delta = 0;
    for (std::size_t i = 0; i < times; ++i) {
      const std::int64_t change = signed_number();
      if (change <= -k_time_bound || change >= k_time_bound) return fail("a time is out of range");
      delta += change;
      const std::int64_t time = last + delta;
      if (delta <= -k_time_bound || delta >= k_time_bound || time <= -k_time_bound || time >= k_time_bound)
        return fail("a time is out of range");
      if (i > 0 && time <= last) return fail("times do not grow");
      source.restore_time(time, lookback_ms);
      last = time;
    }
  }

  LabelsPtr read_labels() {
    std::vector<std::pair<std::string, std::string>> pairs(count());
    for (auto& [name, value] : pairs) {
      name = text();
      value = text();
      if (!is_utf8_label_name(name) || value.empty()) fail("a label is malformed");
    }
    return Labels::make(std::move(pairs));
  }

  void read_series(HistorySource& source) {
    const LabelsPtr labels = read_labels();
    if (labels->metric_name().empty() || source.has(labels)) return fail("a series is malformed");
    const std::uint64_t ticks = source.times().next_tick();
    Chunks chunks;
    std::uint64_t free_from = 0;
    const std::size_t chunk_count = count();
    for (std::size_t i = 0; i < chunk_count; ++i) {
      const std::uint64_t first_tick = number();
      const std::uint64_t values = number();
      const std::string_view bytes = text();
      const bool fits = values > 0 && values <= std::min<std::uint64_t>(ticks, k_most_values) &&
                        first_tick <= ticks - values && first_tick >= free_from;
      if (!fits) return fail("a chunk is not within the times of its source");
      const Chunk chunk{static_cast<Tick>(first_tick),
                        static_cast<std::uint16_t>(values),
                        {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}};
      if (!chunk.is_whole()) return fail("a chunk does not hold its values");
      chunks.append(chunk);
      free_from = first_tick + values;
    }
    if (chunks.empty()) return fail("a series has no samples");
    source.restore(labels, std::move(chunks));
  }

  std::string_view rest_;
  std::string problem_;
  History& history_;
};

std::string History::serialised() const {
  std::string bytes;
  bytes.reserve(memory());  // enough, and what is not touched takes none: growing takes twice what it is
  bytes += k_head;
  put_number(bytes, sources_.size());
  for (const auto& [name, source] : sources_) {
    put_text(bytes, name);
    put_signed(bytes, source.lookback_ms());
    put_times(bytes, source.times().all());
    put_number(bytes, source.series().size());
    for (const StoredSeries& series : source.series()) {
      put_labels(bytes, *series.labels);
      put_number(bytes, series.chunks.count());
      for (std::size_t i = 0; i < series.chunks.count(); ++i) {
        const Chunk chunk = series.chunks[i];
        put_number(bytes, chunk.first_tick - source.times().first_tick());
        put_number(bytes, chunk.count);
        put_text(bytes, {reinterpret_cast<const char*>(chunk.bytes.data()), chunk.bytes.size()});
      }
    }
  }
  bytes += checksum_of(bytes);
  return bytes;
}

std::expected<History, pgvigil::Error> History::load(std::string_view bytes, HistorySettings settings) {
  const auto damaged = [](std::string why) {
    return std::unexpected(
        pgvigil::Error{ErrorKind::configuration, "the saved history is damaged: " + std::move(why)});
  };
  if (!bytes.starts_with(k_head))
    return damaged(bytes.starts_with(k_any_head) ? "another version of pgvigil wrote it"
                                                 : "it does not begin as this version writes it");
  if (bytes.size() < k_head.size() + k_checksum_bytes) return damaged("it is cut off");
  const std::string_view summed = bytes.substr(0, bytes.size() - k_checksum_bytes);
  if (checksum_of(summed) != bytes.substr(summed.size())) return damaged("its checksum is wrong");
  History history(settings);
  const std::string_view body = summed.substr(k_head.size());
  if (auto read = HistoryReader(body, history).read(); !read) return damaged(read.error());
  history.keep_in_bounds();
  return history;
}

}  // namespace pgvigil::rules
