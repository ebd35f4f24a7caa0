#include "agent/http/api/series.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

#include "agent/http/api/answer.h"
#include "agent/http/api/parameters.h"
#include "rules/promql/text.h"

namespace pgvigil::agent::api {
namespace {

using promql::LabelsPtr;
using promql::Matcher;
using promql::MatchKind;
using Selector = std::vector<Matcher>;

/// Before and after every sample.
constexpr std::int64_t k_ever_ms = std::int64_t{1} << 58;
/// Prometheus looks at whole blocks of time. Here a look "until now", in whole seconds, must find what was
/// measured within this second, or since the page was opened.
constexpr std::int64_t k_generosity_ms = 60'000;

struct Look {
  std::vector<Selector> selectors;
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  std::optional<std::size_t> limit;
};

Parsed<Look> look_of(const Request& request) {
  const auto limit = limit_of(request);
  if (!limit) return std::unexpected(limit.error());
  const auto start = optional_time(request, "start", -k_ever_ms);
  if (!start) return std::unexpected(start.error());
  const auto end = optional_time(request, "end", k_ever_ms);
  if (!end) return std::unexpected(end.error());
  auto selectors = selectors_of(request);
  if (!selectors) return std::unexpected(selectors.error());
  return Look{std::move(*selectors), *start, *end, *limit};
}

/// Calls `take` with the labels of every series that one of the selectors finds, some of them repeatedly.
template <typename Take>
std::optional<ApiError> for_each_series(const Data& data, const Look& look, Take take) {
  if (look.end_ms < look.start_ms) return std::nullopt;
  for (const Selector& selector : look.selectors) {
    const auto found = data.storage().select_labels(selector, look.start_ms, look.end_ms + k_generosity_ms);
    if (!found) return ApiError{ErrorType::internal, promql::to_string(found.error())};
    for (const LabelsPtr& labels : *found)
      take(labels);
  }
  return std::nullopt;
}

/// All series, when no selector narrows them.
void look_at_all(Look& look) {
  if (look.selectors.empty())
    look.selectors.push_back({*Matcher::make(MatchKind::not_equal, std::string(promql::k_metric_name), "")});
}

Response list_answer(const Data& data, const std::set<std::string, std::less<>>& names, const Look& look) {
  const std::size_t count = std::min(look.limit.value_or(names.size()), names.size());
  Notes notes;
  if (count < names.size()) notes.warnings.emplace_back(k_truncated);
  return answer(
      data.limits().max_response,
      [&](JsonWriter& json) {
        json.begin_array();
        for (auto name = names.begin(); name != std::next(names.begin(), static_cast<std::ptrdiff_t>(count));
             ++name)
          json.string(*name);
        json.end_array();
      },
      notes);
}

}  // namespace

Response series(const Data& data, const Request& request) {
  if (request.all_parameters("match[]").empty())
    return error_answer({ErrorType::bad_data, "no match[] parameter provided"});
  const auto look = look_of(request);
  if (!look) return error_answer(look.error());
  std::vector<LabelsPtr> found;
  if (const auto error =
          for_each_series(data, *look, [&](const LabelsPtr& labels) { found.push_back(labels); }))
    return error_answer(*error);
  std::ranges::sort(found, [](const LabelsPtr& a, const LabelsPtr& b) { return *a < *b; });
  const auto repeated = std::ranges::unique(found, promql::SameLabels{});
  found.erase(repeated.begin(), repeated.end());
  Notes notes;
  if (look->limit && found.size() > *look->limit) {
    found.resize(*look->limit);
    notes.warnings.emplace_back(k_truncated);
  }
  return answer(
      data.limits().max_response,
      [&](JsonWriter& json) {
        json.begin_array();
        for (const LabelsPtr& labels : found)
          json.labels(*labels);
        json.end_array();
      },
      notes);
}

Response label_names(const Data& data, const Request& request) {
  auto look = look_of(request);
  if (!look) return error_answer(look.error());
  look_at_all(*look);
  std::set<std::string, std::less<>> names;
  const auto take = [&](const LabelsPtr& labels) {
    for (std::size_t i = 0; i < labels->size(); ++i)
      if (!names.contains((*labels)[i].name)) names.emplace((*labels)[i].name);
  };
  if (const auto error = for_each_series(data, *look, take)) return error_answer(*error);
  return list_answer(data, names, *look);
}

Response label_values(const Data& data, const Request& request) {
  const std::string name = unescaped_name(request.captured);
  if (!promql::is_utf8_label_name(name))
    return error_answer({ErrorType::bad_data, "invalid label name: " + promql::quoted(name)});
  auto look = look_of(request);
  if (!look) return error_answer(look.error());
  look_at_all(*look);
  std::set<std::string, std::less<>> values;
  const auto take = [&](const LabelsPtr& labels) {
    const std::string_view value = labels->get(name);
    if (!value.empty() && !values.contains(value)) values.emplace(value);
  };
  if (const auto error = for_each_series(data, *look, take)) return error_answer(*error);
  return list_answer(data, values, *look);
}

std::string unescaped_name(std::string_view name) {
  constexpr std::string_view k_prefix = "U__";
  if (!name.starts_with(k_prefix)) return std::string(name);
  std::string_view rest = name.substr(k_prefix.size());
  std::string plain;
  while (!rest.empty()) {
    if (rest[0] != '_') {
      plain += rest[0];
      rest.remove_prefix(1);
      continue;
    }
    const auto end = rest.find('_', 1);
    if (end == std::string_view::npos) return std::string(name);
    const std::string_view digits = rest.substr(1, end - 1);
    std::uint32_t code_point = '_';
    const auto [stop, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), code_point, 16);
    const bool is_number =
        fault == std::errc{} && stop == digits.data() + digits.size() && code_point < 0x110000;
    if (!digits.empty() && !is_number) return std::string(name);
    promql::append_utf8(plain, code_point);
    rest.remove_prefix(end + 1);
  }
  return plain;
}

}  // namespace pgvigil::agent::api
