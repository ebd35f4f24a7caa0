#include "rules/promql/labels.h"

#include <algorithm>

#include "rules/promql/hash.h"
#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

using NamedValue = std::pair<std::string, std::string>;

std::vector<LabelView> views_of(const std::vector<NamedValue>& labels) {
  std::vector<LabelView> views;
  views.reserve(labels.size());
  for (const auto& [name, value] : labels)
    views.push_back({name, value});
  return views;
}

auto find_name(std::vector<NamedValue>& labels, std::string_view name) {
  return std::lower_bound(labels.begin(), labels.end(), name,
                          [](const NamedValue& label, std::string_view key) { return label.first < key; });
}

}  // namespace

LabelsPtr Labels::make(std::vector<NamedValue> labels) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const NamedValue& a, const NamedValue& b) { return a.first < b.first; });
  std::vector<NamedValue> kept;
  kept.reserve(labels.size());
  for (NamedValue& label : labels) {
    if (!kept.empty() && kept.back().first == label.first) kept.pop_back();
    kept.push_back(std::move(label));
  }
  std::erase_if(kept, [](const NamedValue& label) { return label.second.empty(); });
  return from_sorted(views_of(kept));
}

LabelsPtr Labels::from_sorted(std::span<const LabelView> labels) {
  if (labels.empty()) return none();
  auto result = std::make_shared<Labels>();
  std::size_t bytes = 0;
  for (const LabelView& label : labels)
    bytes += label.name.size() + label.value.size();
  result->text_.reserve(bytes);
  result->entries_.reserve(labels.size());
  for (const LabelView& label : labels) {
    std::uint64_t hash = hash_label(label.name, label.value);
    result->entries_.push_back({hash, static_cast<std::uint32_t>(result->text_.size()),
                                static_cast<std::uint32_t>(label.name.size()),
                                static_cast<std::uint32_t>(label.value.size())});
    result->text_.append(label.name).append(label.value);
    result->hash_ += hash;
  }
  return result;
}

const LabelsPtr& Labels::none() {
  static const LabelsPtr empty = std::make_shared<const Labels>();
  return empty;
}

std::string_view Labels::get(std::string_view name) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    LabelView label = (*this)[i];
    if (label.name == name) return label.value;
  }
  return {};
}

bool Labels::operator==(const Labels& other) const {
  if (this == &other) return true;
  if (hash_ != other.hash_ || entries_.size() != other.entries_.size() || text_ != other.text_) return false;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& a = entries_[i];
    const Entry& b = other.entries_[i];
    if (a.name_size != b.name_size || a.value_size != b.value_size) return false;
  }
  return true;
}

std::strong_ordering Labels::operator<=>(const Labels& other) const {
  std::size_t common = std::min(size(), other.size());
  for (std::size_t i = 0; i < common; ++i) {
    LabelView a = (*this)[i];
    LabelView b = other[i];
    if (auto order = a.name <=> b.name; order != 0) return order;
    if (auto order = a.value <=> b.value; order != 0) return order;
  }
  return size() <=> other.size();
}

std::string to_string(const Labels& labels) {
  std::string text = "{";
  for (std::size_t i = 0; i < labels.size(); ++i) {
    LabelView label = labels[i];
    if (i > 0) text += ", ";
    text += is_plain_label_name(label.name) ? std::string(label.name) : quoted(label.name);
    text += '=';
    text += quoted(label.value);
  }
  return text + "}";
}

LabelsBuilder::LabelsBuilder(const Labels& base) {
  labels_.reserve(base.size() + 1);
  for (std::size_t i = 0; i < base.size(); ++i)
    labels_.emplace_back(base[i].name, base[i].value);
}

LabelsBuilder& LabelsBuilder::set(std::string_view name, std::string_view value) {
  if (value.empty()) return erase(name);
  auto place = find_name(labels_, name);
  if (place != labels_.end() && place->first == name) {
    place->second = value;
  } else {
    labels_.insert(place, {std::string(name), std::string(value)});
  }
  return *this;
}

LabelsBuilder& LabelsBuilder::erase(std::string_view name) {
  auto place = find_name(labels_, name);
  if (place != labels_.end() && place->first == name) labels_.erase(place);
  return *this;
}

LabelsPtr LabelsBuilder::build() const {
  return Labels::from_sorted(views_of(labels_));
}

bool is_metadata_label(std::string_view name) {
  return name == k_metric_name || name == "__type__" || name == "__unit__";
}

LabelsPtr without_metadata(const LabelsPtr& labels) {
  std::vector<LabelView> kept;
  kept.reserve(labels->size());
  for (std::size_t i = 0; i < labels->size(); ++i) {
    if (!is_metadata_label((*labels)[i].name)) kept.push_back((*labels)[i]);
  }
  return kept.size() == labels->size() ? labels : Labels::from_sorted(kept);
}

}  // namespace pgvigil::promql
