#include "agent/runtime/watched_world.h"

#include <algorithm>
#include <utility>

#include "agent/config/config.h"

namespace pgvigil::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds k_shortest_lookback = std::chrono::minutes{5};

promql::LabelsPtr series_labels(std::map<std::string, std::string> labels, const ScrapeLabels& scrape) {
  labels.try_emplace("instance", scrape.instance);
  labels.try_emplace("job", scrape.job);
  return promql::Labels::make({labels.begin(), labels.end()});
}

/// The same in every life of the agent.
std::string source_name(const ServerConfig& server) {
  return std::string(word_of(server.kind)) + '/' + server.name + '/';
}

std::int64_t lookback_of(const Watch& watch, const Published& published) {
  const auto status = watch.board().collector(published.collector());
  if (!status) {  // advice: no collector, and seldom
    const auto left = std::chrono::duration_cast<milliseconds>(published.expires() - steady_clock::now());
    return std::max(k_shortest_lookback, left).count();
  }
  const auto interval = std::chrono::duration_cast<milliseconds>(status->every * status->slowdown);
  return std::max(k_shortest_lookback, 2 * interval).count();
}

/// Tells the agent's own tables apart.
std::string joined_labels(const Table& table) {
  std::string joined;
  for (const LabelName& label : table.schema().labels)
    joined += (joined.empty() ? "" : ",") + label.text();
  return joined;
}

/// Whether a series with these labels may be one of the target with those.
bool may_be_of(const promql::Labels& labels, const promql::Labels& target) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    const std::string_view value = labels.get(target[i].name);
    if (!value.empty() && value != target[i].value) return false;
  }
  return true;
}

}  // namespace

void WatchedWorld::configure(std::shared_ptr<const WatchList> watches,
                             ScrapeLabels scrape,
                             const std::map<std::string, std::string>& constant,
                             OwnSettings own) {
  const std::lock_guard lock(mutex_);
  std::vector<Watched> before = std::exchange(watched_, {});
  for (const auto& watch : *watches) {
    Watched next{watch, source_name(watch->server()), series_labels(watch->series_labels(), scrape)};
    const auto old = std::ranges::find(before, next.name, &Watched::name);
    if (old != before.end()) {
      // With other labels everything is published anew.
      if (*old->labels == *next.labels) next.seen = std::move(old->seen);
      before.erase(old);
    }
    watched_.push_back(std::move(next));
  }
  for (const Watched& gone : before)
    for (const auto& [collector, published] : gone.seen)
      withdrawn_.push_back(gone.name + collector);
  process_labels_ = series_labels(constant, scrape);
  own_ = std::move(own);
}

WorldChanges WatchedWorld::changes() {
  const std::lock_guard lock(mutex_);
  WorldChanges changes;
  changes.withdrawn = std::exchange(withdrawn_, {});
  for (Watched& watched : watched_)
    look_at(watched, changes);
  return changes;
}

void WatchedWorld::look_at(Watched& watched, WorldChanges& changes) {
  const PublishedList now = watched.watch->snapshot().view(steady_clock::now());
  for (const auto& published : now) {
    auto& seen = watched.seen[published->collector()];
    if (seen == published) continue;
    seen = published;
    changes.published.push_back({watched.name + published->collector(),
                                 {published, &published->table()},
                                 watched.labels,
                                 lookback_of(*watched.watch, *published)});
  }
  if (now.size() == watched.seen.size()) return;
  std::erase_if(watched.seen, [&](const auto& entry) {
    const bool gone = std::ranges::find(now, entry.second) == now.end();
    if (gone) changes.withdrawn.push_back(watched.name + entry.first);
    return gone;
  });
}

std::vector<JudgedTable> WatchedWorld::own_tables(Timestamp now) {
  const std::lock_guard lock(mutex_);
  std::vector<JudgedTable> tables;
  const auto add = [&](const std::string& name, const promql::LabelsPtr& labels, std::vector<Table> own) {
    for (Table& table : own) {
      std::string source = name + "own/" + joined_labels(table);
      tables.push_back({std::move(source), std::make_shared<const Table>(std::move(table)), labels,
                        k_shortest_lookback.count()});
    }
  };
  const RenderSettings settings{.up_interval = own_.up_interval, .generation = own_.generation};
  // Before the first answer or failure pg_up says nothing.
  for (const Watched& watched : watched_)
    if (watched.watch->board().first_answer_known())
      add(watched.name, watched.labels, SelfMetrics::server_tables(watched.watch->board(), settings, now));
  add("process/", process_labels_, self_.process_tables(settings, now));
  return tables;
}

std::vector<std::shared_ptr<Watch>> WatchedWorld::servers_of(const promql::Labels& labels, ServerKind kind) {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Watch>> servers;
  for (const Watched& watched : watched_)
    if (watched.watch->server().kind == kind && may_be_of(labels, *watched.labels))
      servers.push_back(watched.watch);
  return servers;
}

promql::LabelsPtr WatchedWorld::labels_of(const Watch& watch) {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::ranges::find(watched_, &watch, [](const Watched& each) { return each.watch.get(); });
  return found == watched_.end() ? promql::Labels::none() : found->labels;
}

CollectorSight WatchedWorld::sight(std::string_view collector, const promql::Labels& of) {
  const std::lock_guard lock(mutex_);
  std::size_t asked = 0;
  std::size_t seen = 0;
  std::size_t waiting = 0;
  for (const Watched& watched : watched_) {
    if (!may_be_of(of, *watched.labels)) continue;
    const auto status = watched.watch->board().collector(collector);
    if (!status) continue;
    ++asked;
    const bool in_trouble = watched.watch->board().in_trouble();
    switch (status->state) {
      case CollectorState::unsupported:
        ++seen;  // for certain there is nothing
        break;
      case CollectorState::waiting:
        waiting += in_trouble ? 0 : 1;
        break;
      case CollectorState::good:
        // What a run that takes too long has not confirmed in time has expired, before the run itself fails.
        if (!status->ever_published)
          ++waiting;
        else if (!in_trouble && watched.seen.contains(collector))
          ++seen;
        break;
      case CollectorState::failed:
        break;
    }
  }
  if (seen == asked) return CollectorSight::all;
  if (seen > 0) return CollectorSight::some;
  return waiting == asked ? CollectorSight::waiting : CollectorSight::none;
}

}  // namespace pgvigil::agent
