#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collectors/model/diagnostic.h"

namespace pgvigil::agent {

/// A scalar of a YAML file, and its line.
struct PlacedText {
  std::string text;
  std::size_t line = 0;
};

/// A map of texts, in the order of the file: each name stands at the place of its value.
using PlacedTexts = std::vector<std::pair<std::string, PlacedText>>;

/// A rule as Prometheus's file has it, before anything in it is understood.
struct PrometheusRule {
  std::size_t line = 0;
  std::optional<PlacedText> alert = {};
  std::optional<PlacedText> record = {};
  std::optional<PlacedText> expr = {};
  std::optional<PlacedText> hold_for = {};
  std::optional<PlacedText> keep_firing_for = {};
  PlacedTexts labels = {};
  PlacedTexts annotations = {};
};

struct PrometheusGroup {
  PlacedText name;
  std::optional<PlacedText> interval = {};
  PlacedTexts labels = {};  ///< of all its rules (Prometheus 3)
  std::vector<PrometheusRule> rules = {};
};

/// The groups of a rule file of Prometheus, or of the PrometheusRule resources in it (several documents, or a
/// List). A key that is not understood is told in `left_out`. An error when the text is no YAML, or when
/// there are no rules in it.
std::expected<std::vector<PrometheusGroup>, Diagnostic> read_prometheus_rules(std::string_view text,
                                                                              const std::string& file,
                                                                              Diagnostics& left_out);

}  // namespace pgvigil::agent
