#include "rules/promql/label_groups.h"

#include <algorithm>
#include <bit>

namespace pgvigil::promql {

bool LabelChoice::takes(std::string_view name) const {
  if (kind_ == Kind::all) return true;
  bool named = std::find(names_.begin(), names_.end(), name) != names_.end();
  if (kind_ == Kind::only) return named;
  return !named && (kind_ == Kind::except_keeping_name || name != k_metric_name);
}

std::uint64_t LabelChoice::hash(const Labels& labels) const {
  if (kind_ == Kind::all) return labels.hash();
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (takes(labels[i].name)) hash += labels.label_hash(i);
  }
  return hash;
}

bool LabelChoice::equal(const Labels& a, const Labels& b) const {
  if (&a == &b) return true;
  if (kind_ == Kind::all) return a == b;
  std::size_t i = 0;
  std::size_t j = 0;
  while (true) {
    while (i < a.size() && !takes(a[i].name))
      ++i;
    while (j < b.size() && !takes(b[j].name))
      ++j;
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (a[i++] != b[j++]) return false;
  }
}

LabelsPtr LabelChoice::apply(const LabelsPtr& labels) const {
  if (kind_ == Kind::all) return labels;
  std::vector<LabelView> kept;
  kept.reserve(labels->size());
  for (std::size_t i = 0; i < labels->size(); ++i) {
    if (takes((*labels)[i].name)) kept.push_back((*labels)[i]);
  }
  return kept.size() == labels->size() ? labels : Labels::from_sorted(kept);
}

LabelGroups::LabelGroups(LabelChoice choice, std::size_t expected)
    : choice_(std::move(choice)), buckets_(std::bit_ceil(std::max<std::size_t>(16, expected * 2)), 0) {}

std::size_t LabelGroups::number(const LabelsPtr& labels) {
  std::uint64_t hash = choice_.hash(*labels);
  std::size_t mask = buckets_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    if (buckets_[i] == 0) {
      representatives_.push_back(labels);
      hashes_.push_back(hash);
      buckets_[i] = static_cast<std::uint32_t>(representatives_.size());
      if (representatives_.size() * 2 > buckets_.size()) grow();
      return representatives_.size() - 1;
    }
    std::size_t number = buckets_[i] - 1;
    if (hashes_[number] == hash && choice_.equal(*representatives_[number], *labels)) return number;
  }
}

void LabelGroups::grow() {
  buckets_.assign(buckets_.size() * 2, 0);
  std::size_t mask = buckets_.size() - 1;
  for (std::size_t number = 0; number < hashes_.size(); ++number) {
    std::size_t i = hashes_[number] & mask;
    while (buckets_[i] != 0)
      i = (i + 1) & mask;
    buckets_[i] = static_cast<std::uint32_t>(number + 1);
  }
}

}  // namespace pgvigil::promql
