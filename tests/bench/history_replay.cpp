// What history costs on recorded data: bytes a sample, of all and by kind of series.
// tests/bench/record_history.py makes recordings and says what is in them; recordings/demo.txt.gz is an hour
// of deploy/demo.
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "rules/history/history.h"

namespace {

using namespace pgvigil;
using namespace pgvigil::rules;

struct RecordedSeries {
  promql::LabelsPtr labels;
  std::vector<std::optional<double>> values;  // one a time of its source
};

struct RecordedSource {
  std::vector<std::int64_t> times;
  std::vector<RecordedSeries> series;
};

using Recording = std::vector<RecordedSource>;

std::string text_of_file(const char* path) {
  const gzFile file = gzopen(path, "rb");
  std::string text;
  std::vector<char> part(1 << 16);
  for (int size = 0; file != nullptr && (size = gzread(file, part.data(), unsigned(part.size()))) > 0;)
    text.append(part.data(), std::size_t(size));
  if (file != nullptr) gzclose(file);
  return text;
}

double number_of(const std::string& word) {
  if (word == "+Inf") return promql::k_infinity;
  if (word == "-Inf") return -promql::k_infinity;
  if (word == "NaN") return promql::k_nan;
  double value = 0;
  std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

Recording recording_of(const std::string& text) {
  Recording recording;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "t") {
      RecordedSource& source = recording.emplace_back();
      for (std::int64_t step = 0; words >> step;)
        source.times.push_back(source.times.empty() ? step : source.times.back() + step);
      continue;
    }
    words >> word;
    std::vector<std::pair<std::string, std::string>> labels;
    const nlohmann::json shown = nlohmann::json::parse(word);
    for (const auto& [name, value] : shown.items())
      labels.emplace_back(name, value.get<std::string>());
    RecordedSeries series{promql::Labels::make(std::move(labels)), {}};
    while (words >> word) {
      const std::optional<double> before = series.values.empty() ? std::nullopt : series.values.back();
      series.values.push_back(word == "_" ? std::nullopt
                                          : (word == "=" ? before : std::optional(number_of(word))));
    }
    recording.back().series.push_back(std::move(series));
  }
  return recording;
}

using Choice = std::function<bool(const RecordedSeries& series)>;

/// All that was recorded, as it came.
History replayed(const Recording& recording, const Choice& is_chosen) {
  struct Tick {
    std::int64_t t_ms;
    std::size_t source;
    std::size_t i;
  };
  std::vector<Tick> ticks;
  for (std::size_t source = 0; source < recording.size(); ++source)
    for (std::size_t i = 0; i < recording[source].times.size(); ++i)
      ticks.push_back({recording[source].times[i], source, i});
  std::ranges::stable_sort(ticks, {}, &Tick::t_ms);
  History history({.max_bytes = Bytes{1'000'000'000}});
  std::vector<Reading> readings;
  for (const auto& [t_ms, source, i] : ticks) {
    readings.clear();
    for (const RecordedSeries& series : recording[source].series)
      if (series.values[i] && is_chosen(series)) readings.push_back({series.labels, *series.values[i]});
    history.append(std::to_string(source), t_ms, 300'000, readings);
  }
  return history;
}

std::string kind_of(const RecordedSeries& series) {
  std::vector<double> values;
  for (const auto& value : series.values)
    if (value) values.push_back(*value);
  if (std::ranges::all_of(values, [&](double value) { return value == values.front(); })) return "constant";
  const bool whole = std::ranges::all_of(values, [](double value) { return value == std::floor(value); });
  const bool grows = std::ranges::is_sorted(values);
  if (whole) return grows ? "counters, whole" : "gauges, whole";
  const bool decimal =
      std::ranges::all_of(values, [](double value) { return std::round(value * 1e6) / 1e6 == value; });
  return std::string(grows ? "counters, " : "gauges, ") + (decimal ? "microseconds" : "full precision");
}

void print_cost(const std::string& kind, const History& history) {
  const HistoryFigures figures = history.figures();
  if (figures.samples == 0) return;
  std::printf("%-26s %8zu %10zu %10.2f %12.2f\n", kind.c_str(), figures.series, figures.samples,
              double(figures.chunk_memory.count) / double(figures.samples),
              double(figures.memory.count) / double(figures.samples));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string text = argc == 2 ? text_of_file(argv[1]) : "";
  if (text.empty()) {
    std::fputs("usage: history_replay RECORDING.txt.gz\n", stderr);
    return 2;
  }
  const Recording recording = recording_of(text);
  std::map<std::string, std::vector<const RecordedSeries*>> by_kind;
  for (const RecordedSource& source : recording)
    for (const RecordedSeries& series : source.series)
      by_kind[kind_of(series)].push_back(&series);

  std::printf("%-26s %8s %10s %10s %12s\n", "series", "", "samples", "B/sample", "with labels");
  for (const auto& [kind, members] : by_kind)
    print_cost(kind, replayed(recording,
                              [&, wanted = kind](const auto& series) { return kind_of(series) == wanted; }));
  const std::clock_t begin = std::clock();
  const History all = replayed(recording, [](const auto&) { return true; });
  const double taken = double(std::clock() - begin) / CLOCKS_PER_SEC;
  print_cost("all", all);
  std::printf("\nsaved to a file: %.2f bytes a sample; appended in %.0f ns a sample\n",
              double(all.serialised().size()) / double(all.figures().samples),
              taken * 1e9 / double(all.figures().samples));
}
