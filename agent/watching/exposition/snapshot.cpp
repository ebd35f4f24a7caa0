#include "agent/watching/exposition/snapshot.h"

#include <algorithm>
#include <utility>

#include "collectors/model/table_editor.h"

namespace pgvigil::agent {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::minutes k_format_in_use{5};
constexpr std::array k_formats = {Format::text, Format::openmetrics};

std::size_t index_of(Format format) {
  return static_cast<std::size_t>(format);
}

}  // namespace

Published::Published(std::string collector, Table table, std::string constant_labels, Deadline expires)
    : collector_(std::move(collector)),
      table_(std::move(table)),
      constant_labels_(std::move(constant_labels)),
      expires_(expires) {}

std::shared_ptr<const Fragment> Published::fragment(Format format) const {
  Rendering& rendering = renderings_[index_of(format)];
  std::call_once(rendering.once, [&] {
    FragmentWriter writer;
    render(table_, format, constant_labels_, [&](std::string_view text) { writer.append(text); });
    rendering.fragment = std::make_shared<const Fragment>(std::move(writer).finish());
  });
  return rendering.fragment;
}

Snapshot::~Snapshot() {
  for (const auto& [collector, share] : shares_)
    budget_->exchange(share.series, 0);
}

void Snapshot::configure(std::string constant_labels) {
  PublishedList gone;
  const std::lock_guard lock(mutex_);
  if (constant_labels_ == constant_labels) return;
  constant_labels_ = std::move(constant_labels);
  gone.swap(tables_);
  for (const auto& published : gone)
    give_back(published->collector());
}

std::shared_ptr<const Published> Snapshot::publish(const std::string& collector,
                                                   Table table,
                                                   Deadline expires) {
  if (budget_) table = within_budget(collector, std::move(table));
  std::string labels;
  {
    const std::lock_guard lock(mutex_);
    labels = constant_labels_;
  }
  auto published = std::make_shared<const Published>(collector, std::move(table), std::move(labels), expires);
  const auto now = steady_clock::now();
  for (Format format : k_formats)
    if (in_use(format, now)) published->fragment(format);

  std::shared_ptr<const Published> replaced;  // freed after the lock
  const std::lock_guard lock(mutex_);
  const auto place = std::ranges::lower_bound(tables_, collector, {}, &Published::collector);
  if (place != tables_.end() && (*place)->collector() == collector)
    replaced = std::exchange(*place, published);
  else
    tables_.insert(place, published);
  if (budget_) shares_[collector].publishing = false;
  return published;
}

/// The share of the table before goes over to this one.
Table Snapshot::within_budget(const std::string& collector, Table table) {
  std::size_t granted = 0;
  {
    const std::lock_guard lock(mutex_);
    Share& share = shares_[collector];
    granted = budget_->exchange(share.series, table.series());
    share = {granted, true};
  }
  TableEditor editor(std::move(table));
  editor.keep_first(granted);
  return std::move(editor).finish();
}

/// What a table that is served no more had. One that is about to take its place keeps it.
void Snapshot::give_back(const std::string& collector) {
  const auto share = shares_.find(collector);
  if (share == shares_.end() || share->second.publishing) return;
  budget_->exchange(share->second.series, 0);
  shares_.erase(share);
}

void Snapshot::withdraw(const std::string& collector) {
  PublishedList withdrawn;
  const std::lock_guard lock(mutex_);
  const auto place = std::ranges::find(tables_, collector, &Published::collector);
  if (place == tables_.end()) return;
  withdrawn.push_back(std::move(*place));
  tables_.erase(place);
  give_back(collector);
}

std::shared_ptr<const Published> Snapshot::find(const std::string& collector) {
  const std::lock_guard lock(mutex_);
  const auto place = std::ranges::find(tables_, collector, &Published::collector);
  return place == tables_.end() || (*place)->expires() <= steady_clock::now() ? nullptr : *place;
}

PublishedList Snapshot::view(steady_clock::time_point now) {
  PublishedList expired;
  const std::lock_guard lock(mutex_);
  const auto gone =
      std::ranges::stable_partition(tables_, [&](const auto& table) { return table->expires() > now; });
  expired.assign(gone.begin(), gone.end());
  for (const auto& published : expired)
    give_back(published->collector());
  tables_.erase(gone.begin(), gone.end());
  return tables_;
}

PublishedList Snapshot::view_for_scrape(Format format, steady_clock::time_point now) {
  last_scrape_[index_of(format)].store(now, std::memory_order_relaxed);
  return view(now);
}

bool Snapshot::in_use(Format format, steady_clock::time_point now) const {
  const auto last = last_scrape_[index_of(format)].load(std::memory_order_relaxed);
  return last != steady_clock::time_point{} && now - last < k_format_in_use;
}

}  // namespace pgvigil::agent
