#include "rules/selector_watch.h"

#include <algorithm>

#include "collectors/model/unix_time.h"
#include "rules/label_set.h"
#include "rules/promql/engine.h"
#include "rules/promql/printer.h"
#include "rules/selectors.h"

namespace pgvigil::rules {

using namespace promql;
using std::chrono::milliseconds;

SelectorWatch::SelectorWatch(std::span<const Rule> rules) {
  for (const Rule& rule : rules) {
    if (!rule.enabled) continue;
    add(rule, *rule.expr.tree);
    if (rule.clear) add(rule, *rule.clear->tree);
  }
}

void SelectorWatch::add(const Rule& rule, const Expr& expr) {
  for_each_needed_selector(expr, [&](const VectorSelector& selector, Span) {
    const std::string text = conditions_text(selector);
    const bool known = std::ranges::any_of(watched_, [&](const Watched& watched) {
      return watched.rule == rule.name && watched.file == rule.file && watched.text == text;
    });
    if (!known) watched_.push_back({rule.name, rule.file, text, metric_of(selector), selector.matchers});
  });
}

void SelectorWatch::look(const Queryable& storage,
                         const std::function<bool(std::string_view metric)>& sees,
                         Timestamp now) {
  const std::int64_t to_ms = unix_milliseconds(now);
  for (Watched& watched : watched_) {
    if (!watched.metric.empty() && !sees(watched.metric)) continue;
    const auto found = storage.select(watched.matchers, to_ms - QueryOptions().lookback_ms + 1, to_ms);
    if (!found) continue;
    bool any = false;
    for (std::size_t i = 0; i < found->size() && !any; ++i)
      any = !found->points(i).empty() && !is_stale(found->points(i).back().v);
    if (any)
      watched.empty_since.reset();
    else if (!watched.empty_since)
      watched.empty_since = now;
  }
}

std::vector<EmptySelector> SelectorWatch::empty_for(milliseconds least, Timestamp now) const {
  std::vector<EmptySelector> empty;
  for (const Watched& watched : watched_)
    if (watched.empty_since && now - *watched.empty_since >= least)
      empty.push_back({watched.rule, watched.file, watched.text, *watched.empty_since});
  return empty;
}

}  // namespace pgvigil::rules
