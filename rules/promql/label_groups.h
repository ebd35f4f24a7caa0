#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/labels.h"

namespace pgvigil::promql {

/// Which labels of a set count.
class LabelChoice {
 public:
  static LabelChoice all() { return {Kind::all, {}}; }
  /// by (...), on (...)
  static LabelChoice only(std::span<const std::string> names) { return {Kind::only, names}; }
  /// without (...), ignoring (...): the metric name never counts
  static LabelChoice except(std::span<const std::string> names) { return {Kind::except, names}; }
  /// all but these, the metric name being like any other label
  static LabelChoice except_keeping_name(std::span<const std::string> names) {
    return {Kind::except_keeping_name, names};
  }

  bool takes(std::string_view name) const;
  std::uint64_t hash(const Labels& labels) const;
  bool equal(const Labels& a, const Labels& b) const;
  /// The labels that count; `labels` itself when these are all.
  LabelsPtr apply(const LabelsPtr& labels) const;

 private:
  enum class Kind : std::uint8_t { all, only, except, except_keeping_name };
  LabelChoice(Kind kind, std::span<const std::string> names)
      : kind_(kind), names_(names.begin(), names.end()) {}

  Kind kind_;
  std::vector<std::string_view> names_;
};

/// Numbers label sets: those that are equal in the labels that count get the same number, from 0 in the order
/// of their first appearance. The strings of the choice and the label sets must outlive it.
class LabelGroups {
 public:
  explicit LabelGroups(LabelChoice choice, std::size_t expected = 16);

  std::size_t number(const LabelsPtr& labels);
  std::size_t size() const { return representatives_.size(); }
  /// The first label set that got this number.
  const LabelsPtr& representative(std::size_t number) const { return representatives_[number]; }
  const LabelChoice& choice() const { return choice_; }

 private:
  void grow();

  LabelChoice choice_;
  std::vector<LabelsPtr> representatives_;
  std::vector<std::uint64_t> hashes_;   // of the representatives
  std::vector<std::uint32_t> buckets_;  // open addressing: number + 1, 0 for free
};

}  // namespace pgvigil::promql
