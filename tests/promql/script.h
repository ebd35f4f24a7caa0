#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rules/promql/regex/regex.h"
#include "rules/promql/series_description.h"

/// Scripts in the format of Prometheus's promqltest: `load`, `clear`, `eval`.
namespace pgvigil::promql::conformance {

struct Clear {};

struct LoadedSeries {
  SeriesDescription series;
  bool has_start_times = false;  ///< an @st line belongs to it: a feature that the engine leaves out
};

struct Load {
  std::int64_t step_ms = 0;
  bool with_native_histograms = false;  ///< load_with_nhcb: classic histograms are loaded as native ones, too
  std::vector<LoadedSeries> series;
};

/// What an error or an annotation must say: these words, a text in which the expression is found, or
/// anything.
struct Wording {
  std::optional<std::string> message = {};
  std::shared_ptr<const Regex> regex = {};
  bool matches(std::string_view text) const;
  std::string describe() const;
};

struct ExpectedSeries {
  LabelsPtr labels;
  std::vector<SequenceValue> values;
};

struct Evaluation {
  std::size_t line = 0;
  std::string expr;
  bool is_range = false;
  std::int64_t start_ms = 0;  ///< of an instant query: its time
  std::int64_t end_ms = 0;
  std::int64_t step_ms = 0;
  bool ordered = false;
  bool fails = false;
  bool mentions_histograms = false;
  std::optional<Wording> failure = {};
  std::vector<Wording> warnings = {};
  std::vector<Wording> infos = {};
  bool no_warning = false;
  bool no_info = false;
  std::optional<double> scalar = {};
  std::optional<std::string> text = {};
  bool range_vector = false;  ///< an instant query that gives a range vector with these times:
  std::int64_t points_start_ms = 0;
  std::int64_t points_step_ms = 0;
  std::vector<ExpectedSeries> series = {};
};

struct Command {
  std::size_t line = 0;
  std::variant<Clear, Load, Evaluation> what;
};

/// The commands of a script; the error says "LINE: what is wrong".
std::expected<std::vector<Command>, std::string> parse_script(std::string_view text);

}  // namespace pgvigil::promql::conformance
