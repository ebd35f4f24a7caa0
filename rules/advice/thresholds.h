#pragma once

#include <chrono>
#include <expected>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/toml/document.h"
#include "rules/parameters.h"

namespace pgvigil::rules::advice {

/// When one kind of advice is given.
struct Thresholds {
  bool enabled = true;
  std::vector<Parameter> values;

  /// In base units: seconds, bytes, ratios, counts. The name must be one that thresholds.toml gives this
  /// kind.
  double operator[](std::string_view name) const;
  /// The same of a duration.
  std::chrono::seconds seconds(std::string_view name) const;
  bool operator==(const Thresholds&) const = default;
};

/// By kind.
using ThresholdBook = std::map<std::string, Thresholds, std::less<>>;

/// The thresholds that are part of the program: rules/advice/thresholds.toml.
ThresholdBook shipped_thresholds();

/// Reads a section [advice] of the configuration into `book`, which holds the shipped ones: only kinds and
/// names that are there may be set, each to a value of the same sort (a duration, a size, a number that is
/// not negative). Mistakes are reported to the section's diagnostics. `own_keys` are keys of [advice] itself,
/// which the caller reads.
void read_thresholds(Section advice, std::span<const std::string_view> own_keys, ThresholdBook& book);

}  // namespace pgvigil::rules::advice
