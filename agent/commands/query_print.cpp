#include "agent/commands/query_print.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "agent/commands/print.h"
#include "rules/promql/number.h"

namespace pgvigil::agent {
namespace {

using nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

constexpr std::array<std::string_view, 8> k_blocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::size_t k_line_width = 60;

double number_of(const json& point) {
  return promql::parse_number(point.at(1).get<std::string>()).value_or(std::nan(""));
}

/// The names of the labels that tell the series apart or are there at all, the metric's name first.
std::vector<std::string> label_columns(const json& result) {
  std::set<std::string> names;
  for (const json& series : result)
    for (const auto& label : series.at("metric").items())
      names.insert(label.key());
  std::vector<std::string> columns(names.begin(), names.end());
  std::ranges::stable_partition(columns, [](const std::string& name) { return name == "__name__"; });
  return columns;
}

std::vector<std::string> label_cells(const json& metric, const std::vector<std::string>& columns) {
  std::vector<std::string> cells;
  for (const std::string& column : columns)
    cells.push_back(metric.value(column, ""));
  return cells;
}

std::vector<std::string> heading(std::vector<std::string> columns, std::initializer_list<const char*> more) {
  for (std::string& column : columns)
    if (column == "__name__") column = "metric";
  columns.insert(columns.end(), more.begin(), more.end());
  return columns;
}

std::string vector_text(const json& result) {
  const std::vector<std::string> columns = label_columns(result);
  Rows rows = {heading(columns, {"value"})};
  for (const json& series : result) {
    rows.push_back(label_cells(series.at("metric"), columns));
    rows.back().push_back(series.at("value").at(1).get<std::string>());
  }
  return aligned(rows);
}

struct Extent {
  double from;
  double to;
};

/// A line of blocks over the time from `time.from` to `time.to`: the mean of the values of each column, a gap
/// where there are none.
std::string sparkline(const json& values, Extent time, Extent height) {
  std::array<double, k_line_width> sums{};
  std::array<int, k_line_width> counts{};
  for (const json& point : values) {
    const double value = number_of(point);
    if (!std::isfinite(value)) continue;
    const double share =
        time.to > time.from ? (point.at(0).get<double>() - time.from) / (time.to - time.from) : 0;
    const auto column = std::min(k_line_width - 1, static_cast<std::size_t>(share * k_line_width));
    sums.at(column) += value;
    ++counts.at(column);
  }
  std::string line;
  for (std::size_t i = 0; i < k_line_width; ++i) {
    if (counts.at(i) == 0) {
      line += " ";
      continue;
    }
    const double share =
        height.to > height.from ? (sums.at(i) / counts.at(i) - height.from) / (height.to - height.from) : 0;
    line += k_blocks.at(std::min<std::size_t>(7, static_cast<std::size_t>(share * 8)));
  }
  // Series that stop early, or have few points, leave no trail of spaces behind them.
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

Extent extent_of_time(const json& result) {
  Extent time{INFINITY, -INFINITY};
  for (const json& series : result)
    for (const json& point : series.at("values")) {
      time.from = std::min(time.from, point.at(0).get<double>());
      time.to = std::max(time.to, point.at(0).get<double>());
    }
  return time;
}

std::string matrix_text(const json& result) {
  const std::vector<std::string> columns = label_columns(result);
  const Extent time = extent_of_time(result);
  Rows rows = {heading(columns, {"least", "most", "last"})};
  std::vector<std::string> lines = {""};
  for (const json& series : result) {
    const json& values = series.at("values");
    Extent height{INFINITY, -INFINITY};
    for (const json& point : values) {
      const double value = number_of(point);
      if (std::isfinite(value)) height = {std::min(height.from, value), std::max(height.to, value)};
    }
    rows.push_back(label_cells(series.at("metric"), columns));
    for (double value : {height.from, height.to, number_of(values.back())})
      rows.back().push_back(fmt::format("{:.6g}", value));
    lines.push_back(sparkline(values, time, height));
  }
  // The blocks have several bytes each: they stand behind the table, whose width is counted in bytes.
  std::string text;
  std::string_view table = {};
  const std::string all = aligned(rows);
  table = all;
  for (const std::string& line : lines) {
    const auto end = std::min(table.find('\n'), table.size());
    text.append(table.substr(0, end)).append(line.empty() ? "" : "  ").append(line).append("\n");
    table.remove_prefix(std::min(end + 1, table.size()));
  }
  return text;
}

std::string result_text(const json& data) {
  const std::string type = data.at("resultType").get<std::string>();
  const json& result = data.at("result");
  if (type == "scalar" || type == "string") return result.at(1).get<std::string>() + "\n";
  if (result.empty()) return "no series\n";
  return type == "vector" ? vector_text(result) : matrix_text(result);
}

std::string notes_text(const json& answer) {
  std::string text;
  for (const char* kind : {"warnings", "infos"})
    if (answer.contains(kind))
      for (const json& note : answer.at(kind))
        text += note.get<std::string>() + "\n";
  return text;
}

/// The first "line:column" in a message.
std::optional<std::pair<std::size_t, std::size_t>> place_in(std::string_view message) {
  for (auto colon = message.find(':'); colon != std::string_view::npos;
       colon = message.find(':', colon + 1)) {
    const auto before = message.find_last_not_of("0123456789", colon == 0 ? 0 : colon - 1);
    const auto begin = before == std::string_view::npos ? 0 : before + 1;
    std::size_t line = 0;
    std::size_t column = 0;
    const char* end = message.data() + message.size();
    if (std::from_chars(message.data() + begin, message.data() + colon, line).ec != std::errc{}) continue;
    if (std::from_chars(message.data() + colon + 1, end, column).ec != std::errc{}) continue;
    if (line > 0 && column > 0) return std::pair(line, column);
  }
  return std::nullopt;
}

}  // namespace

std::string pointed_at(std::string_view query, std::string_view message) {
  const auto place = place_in(message);
  if (!place) return "";
  for (std::size_t line = 1; line < place->first; ++line)
    query.remove_prefix(std::min(query.find('\n'), query.size() - 1) + 1);
  const std::string_view line = query.substr(0, query.find('\n'));
  const auto bytes = std::min(place->second - 1, line.size());
  // The column counts bytes; the caret stands below a character.
  const auto is_begin = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  const auto characters = std::ranges::count_if(line.substr(0, bytes), is_begin);
  return fmt::format("  {}\n  {}^\n", line, std::string(static_cast<std::size_t>(characters), ' '));
}

std::expected<std::string, std::string> printed_answer(std::string_view body, std::string_view query) {
  try {
    const json answer = json::parse(body);
    if (answer.at("status") == "success") return result_text(answer.at("data")) + notes_text(answer);
    const std::string message = answer.at("error").get<std::string>();
    const bool is_parse_error = message.find("parse error") != std::string::npos;
    return std::unexpected(message + "\n" + (is_parse_error ? pointed_at(query, message) : ""));
  } catch (const json::exception&) {
    std::string text(body.substr(0, 400));
    return std::unexpected("the answer is not that of a Prometheus API: " + text + "\n");
  }
}

}  // namespace pgvigil::agent
