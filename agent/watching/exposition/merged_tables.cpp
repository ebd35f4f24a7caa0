#include "agent/watching/exposition/merged_tables.h"

#include <algorithm>

namespace pgvigil::agent {
namespace {

bool is_same(const std::weak_ptr<const Published>& one, const std::shared_ptr<const Published>& other) {
  return !one.owner_before(other) && !other.owner_before(one);
}

Fragment rendered(Format format, const PublishedList& tables) {
  std::vector<LabelledTable> labelled;
  for (const auto& published : tables)
    labelled.push_back({published->table(), published->constant_labels()});
  FragmentWriter writer;
  render(labelled, format, [&](std::string_view text) { writer.append(text); });
  return std::move(writer).finish();
}

}  // namespace

std::shared_ptr<const Fragment> MergedTables::fragment(Format format, const PublishedList& tables) {
  // The labels are in the prepared fragment of the only one, too.
  if (tables.size() == 1) return tables.front()->fragment(format);
  const auto rendering = rendering_of(format, tables.front()->collector());
  const std::lock_guard one_at_a_time(rendering->mutex);
  if (!std::ranges::equal(rendering->tables, tables, is_same)) {
    rendering->fragment = std::make_shared<const Fragment>(rendered(format, tables));
    rendering->tables.assign(tables.begin(), tables.end());
  }
  return rendering->fragment;
}

std::shared_ptr<MergedTables::Rendering> MergedTables::rendering_of(Format format,
                                                                    const std::string& collector) {
  const std::lock_guard lock(mutex_);
  auto& rendering = renderings_[static_cast<std::size_t>(format)][collector];
  if (!rendering) rendering = std::make_shared<Rendering>();
  return rendering;
}

void MergedTables::clear() {
  const std::lock_guard lock(mutex_);
  renderings_ = {};
}

}  // namespace pgvigil::agent
