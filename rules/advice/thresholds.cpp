#include "rules/advice/thresholds.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "collectors/model/quantity.h"
#include "rules/advice/shipped.h"

namespace pgvigil::rules::advice {
namespace {

/// What sort of value a threshold is; the shipped one decides.
enum class Sort : std::uint8_t { duration, size, number };

Sort sort_of(const Parameter& parameter) {
  if (parameter.duration) return Sort::duration;
  const bool has_unit = parameter.written.find_first_not_of("0123456789.") != std::string::npos;
  return has_unit ? Sort::size : Sort::number;
}

std::optional<Parameter> read(Section& section, const std::string& name, Sort sort) {
  switch (sort) {
    case Sort::duration:
      if (const auto value = section.duration(name, std::chrono::milliseconds{0}))
        return make_parameter(name, duration_text(*value));
      return std::nullopt;
    case Sort::size:
      if (const auto value = section.bytes(name))
        return make_parameter(name, std::to_string(value->count) + "B");
      return std::nullopt;
    case Sort::number:
      if (const auto value = section.number(name)) {
        if (*value >= 0) return make_parameter(name, *value);
        section.report(name, "'" + name + "' must not be negative");
      }
      return std::nullopt;
  }
  return std::nullopt;
}

void read_kind(Section& section, Thresholds& thresholds) {
  thresholds.enabled = section.boolean("enabled").value_or(thresholds.enabled);
  for (Parameter& parameter : thresholds.values)
    if (auto changed = read(section, parameter.name, sort_of(parameter))) parameter = std::move(*changed);
  section.finish();
}

/// The value of a shipped threshold, of whatever sort.
Parameter shipped_value(Section& section, const std::string& name) {
  if (const auto written = section.peek(name)) return make_parameter(name, std::string(*written));
  return make_parameter(name, section.number(name).value_or(0));
}

}  // namespace

double Thresholds::operator[](std::string_view name) const {
  const auto found = std::ranges::find(values, name, &Parameter::name);
  // A fault of our own, which a test of the shipped thresholds would show: what no number exceeds gives no
  // advice.
  if (found == values.end() || !found->number) return std::numeric_limits<double>::quiet_NaN();
  return *found->number;
}

std::chrono::seconds Thresholds::seconds(std::string_view name) const {
  return std::chrono::seconds(static_cast<std::int64_t>((*this)[name]));
}

ThresholdBook shipped_thresholds() {
  ThresholdBook book;
  for (const RuleFile& file : shipped_threshold_files()) {
    const auto document = TomlDocument::parse(file.text, file.name);
    if (!document) continue;
    Diagnostics ignored;
    Section root = document->root(ignored);
    const auto advice = root.section("advice");
    if (!advice) continue;
    for (auto& [kind, section] : Section(*advice).children()) {
      Thresholds& thresholds = book[kind];
      for (const std::string& name : section.keys())
        if (name == "enabled")
          thresholds.enabled = section.boolean(name).value_or(true);
        else
          thresholds.values.push_back(shipped_value(section, name));
    }
  }
  return book;
}

void read_thresholds(Section advice, std::span<const std::string_view> own_keys, ThresholdBook& book) {
  std::vector<std::string_view> kinds;
  for (const auto& [kind, thresholds] : book)
    kinds.push_back(kind);
  for (const std::string& kind : advice.keys()) {
    if (std::ranges::find(own_keys, kind) != own_keys.end()) continue;
    if (const auto found = book.find(kind); found != book.end()) {
      if (auto section = advice.section(kind)) read_kind(*section, found->second);
      continue;
    }
    advice.know(kind);
    const std::string_view near = nearest(kind, kinds);
    advice.report_key(
        kind, "there is no advice of kind '" + kind + "'",
        near.empty() ? "docs/advice.md lists the kinds." : "Did you mean '" + std::string(near) + "'?");
  }
}

}  // namespace pgvigil::rules::advice
