#include "rules/rule_parser.h"

namespace pgvigil::rules {
namespace {

using std::chrono::milliseconds;

/// Series descriptions without values: label sets.
std::optional<std::vector<promql::LabelsPtr>> read_label_sets(Section& section, std::string_view key) {
  const auto texts = section.strings(key);
  if (!texts) return std::nullopt;
  std::vector<promql::LabelsPtr> sets;
  for (std::size_t i = 0; i < texts->size(); ++i) {
    auto series = promql::parse_series_description((*texts)[i]);
    if (!series)
      section.report_element(key, i, series.error());
    else if (!series->values.empty())
      section.report_element(key, i, "only labels stand here", "Write '{datname=\"app\"}'.");
    else
      sets.push_back(std::move(series->labels));
  }
  return sets;
}

void read_series(Section& section, RuleTest& test) {
  const auto texts = section.strings("series");
  if (!texts) return;
  for (std::size_t i = 0; i < texts->size(); ++i) {
    auto series = promql::parse_series_description((*texts)[i]);
    if (!series)
      section.report_element("series", i, series.error());
    else if (series->labels->metric_name().empty())
      section.report_element("series", i, "a series needs the name of its metric");
    else
      test.series.push_back({(*texts)[i], std::move(*series)});
  }
}

std::optional<std::vector<TestSample>> read_samples(Section& section, std::string_view key) {
  const auto texts = section.strings(key);
  if (!texts) return std::nullopt;
  std::vector<TestSample> samples;
  for (std::size_t i = 0; i < texts->size(); ++i) {
    auto series = promql::parse_series_description((*texts)[i]);
    if (!series)
      section.report_element(key, i, series.error());
    else if (series->values.size() != 1)
      section.report_element(key, i, "one value must stand behind the labels");
    else
      samples.push_back({std::move(series->labels), series->values.front().value});
  }
  return samples;
}

}  // namespace

RuleTest parse_rule_test(Section section, RuleKind kind) {
  RuleTest test;
  test.line = section.line();
  test.name = section.string("name").value_or("");
  test.interval = section.duration("interval").value_or(test.interval);
  section.require("at");
  test.at = section.duration("at", milliseconds{0}).value_or(milliseconds{0});
  constexpr std::int64_t k_most_steps = 100'000;
  if (test.at / test.interval > k_most_steps) section.report("at", "'at' is too many intervals away");
  read_series(section, test);
  if (kind == RuleKind::alert) {
    test.firing = read_label_sets(section, "firing");
    test.pending = read_label_sets(section, "pending");
    if (auto table = section.section("annotations")) test.annotations = table->string_map();
    if (!section.has("firing") && !section.has("pending"))
      section.report_here("a test of an alert needs 'firing' or 'pending'", "Write firing = [] for none.");
    if (!test.annotations.empty() && (!test.firing || test.firing->empty()))
      section.report("annotations", "annotations are those of the first firing alert, and none fires");
  } else {
    section.require("gives");
    test.gives = read_samples(section, "gives");
  }
  section.finish();
  return test;
}

}  // namespace pgvigil::rules
