#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgvigil::promql {

inline constexpr std::string_view k_metric_name = "__name__";
inline constexpr std::string_view k_bucket_label = "le";

struct LabelView {
  std::string_view name;
  std::string_view value;

  bool operator==(const LabelView&) const = default;
};

class Labels;

/// Label sets are shared and never changed: operators hand on the set of their input where they leave it
/// alone.
using LabelsPtr = std::shared_ptr<const Labels>;

/// The labels of one series, the metric name among them as __name__: sorted by name, no empty values.
/// Hashes are computed once; the hash of a subset costs no look at the text.
class Labels {
 public:
  /// From labels in any order; the last of two with one name counts; an empty value means "not there".
  static LabelsPtr make(std::vector<std::pair<std::string, std::string>> labels);
  /// From views sorted by name, without duplicates and without empty values.
  static LabelsPtr from_sorted(std::span<const LabelView> labels);
  /// The set without labels: one object for all.
  static const LabelsPtr& none();

  std::size_t size() const { return entries_.size(); }
  LabelView operator[](std::size_t i) const {
    const Entry& entry = entries_[i];
    const char* name = text_.data() + entry.begin;
    return {{name, entry.name_size}, {name + entry.name_size, entry.value_size}};
  }
  /// The value of `name`; empty when it is not there.
  std::string_view get(std::string_view name) const;
  std::string_view metric_name() const { return get(k_metric_name); }

  std::uint64_t hash() const { return hash_; }
  /// The hash of one of the labels; the hash of a set is the sum of those of its labels.
  std::uint64_t label_hash(std::size_t i) const { return entries_[i].hash; }

  bool operator==(const Labels& other) const;
  /// The order of Prometheus's results: label by label, name before value, the shorter set first.
  std::strong_ordering operator<=>(const Labels& other) const;

 private:
  struct Entry {
    std::uint64_t hash;
    std::uint32_t begin;
    std::uint32_t name_size;
    std::uint32_t value_size;
  };

  std::string text_;  // name and value of every label, one after the other
  std::vector<Entry> entries_;
  std::uint64_t hash_ = 0;
};

/// Hash and equality of label sets by what they say, for look-ups.
struct SameLabels {
  std::size_t operator()(const LabelsPtr& labels) const { return labels->hash(); }
  bool operator()(const LabelsPtr& a, const LabelsPtr& b) const { return a == b || *a == *b; }
};

/// `{__name__="up", job="a"}`, as Prometheus prints label sets.
std::string to_string(const Labels& labels);

/// Changes a copy of a label set.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;
  explicit LabelsBuilder(const Labels& base);

  /// Sets `name`; an empty value deletes it.
  LabelsBuilder& set(std::string_view name, std::string_view value);
  LabelsBuilder& erase(std::string_view name);
  LabelsPtr build() const;

 private:
  std::vector<std::pair<std::string, std::string>> labels_;  // sorted by name
};

/// Whether the label says what the metric is: its name, and the type and unit that some storages put beside
/// it.
bool is_metadata_label(std::string_view name);

/// The set without its metadata: what is left when a computed value is no longer that metric.
LabelsPtr without_metadata(const LabelsPtr& labels);

}  // namespace pgvigil::promql
