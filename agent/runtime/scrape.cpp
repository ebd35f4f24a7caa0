#include "agent/runtime/scrape.h"

#include <algorithm>
#include <map>
#include <utility>

namespace pgvigil::agent {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view k_openmetrics_end = "# EOF\n";

Fragment fragment_of(std::string_view text) {
  FragmentWriter writer;
  writer.append(text);
  return std::move(writer).finish();
}

const std::shared_ptr<const Fragment>& openmetrics_end() {
  static const auto end = std::make_shared<const Fragment>(fragment_of(k_openmetrics_end));
  return end;
}

using Fragments = std::vector<std::shared_ptr<const Fragment>>;

void add(ScrapeBody& body, ScrapeBody::Piece piece) {
  body.size += piece->size();
  body.pieces.push_back(std::move(piece));
}

ScrapeBody gzipped(const Fragments& fragments) {
  ScrapeBody body;
  std::vector<const Fragment*> pointers;
  add(body, std::make_shared<const std::string>(gzip_head()));
  for (const auto& fragment : fragments) {
    pointers.push_back(fragment.get());
    // Shares the fragment's life: the bytes are not copied.
    add(body, std::shared_ptr<const std::string>(fragment, &fragment->deflated));
  }
  add(body, std::make_shared<const std::string>(gzip_tail(pointers)));
  return body;
}

/// The text may be fifty times what the fragments are, so it is never there as a whole.
ScrapeBody plain(Fragments fragments) {
  ScrapeBody body;
  for (const auto& fragment : fragments)
    body.size += fragment->length;
  const auto reader = std::make_shared<FragmentReader>(std::move(fragments));
  body.more = [reader]() -> ScrapeBody::Piece {
    std::string text = reader->next();
    return text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text));
  };
  return body;
}

ScrapeBody joined(const ScrapeRequest& request, Fragments fragments) {
  if (request.format == Format::openmetrics) fragments.push_back(openmetrics_end());
  return request.gzip ? gzipped(fragments) : plain(std::move(fragments));
}

/// Those of `names`, in the order of the list.
std::expected<WatchList, Error> chosen_of(const WatchList& all, const std::vector<std::string>& names) {
  const auto name_of = [](const std::shared_ptr<Watch>& watch) { return watch->server().name; };
  for (const std::string& name : names)
    if (name.empty() || std::ranges::find(all, name, name_of) == all.end()) {
      std::string known;
      for (const auto& watch : all)
        if (!name_of(watch).empty()) known += (known.empty() ? "" : ", ") + name_of(watch);
      return std::unexpected(
          Error{ErrorKind::configuration, "no server of that name is watched",
                known.empty() ? "The server has no name: leave 'target' out." : "There are: " + known + "."});
    }
  WatchList chosen;
  for (const auto& watch : all)
    if (std::ranges::find(names, name_of(watch)) != names.end()) chosen.push_back(watch);
  return chosen;
}

}  // namespace

void Scraper::configure(std::shared_ptr<const WatchList> watches) {
  {
    const std::lock_guard lock(mutex_);
    watches_ = std::move(watches);
  }
  merged_.clear();
}

std::shared_ptr<const WatchList> Scraper::watches() {
  const std::lock_guard lock(mutex_);
  return watches_;
}

std::expected<ScrapeBody, Error> Scraper::scrape(const ScrapeRequest& request) {
  const auto all = watches();
  if (!request.targets.empty()) {
    const auto chosen = chosen_of(*all, request.targets);
    if (!chosen) return std::unexpected(chosen.error());
    Fragments fragments = tables_of(request, *chosen);
    if (request.collectors.empty()) fragments.push_back(own_.fragment_of(request.format, *chosen));
    return joined(request, std::move(fragments));
  }
  Fragments fragments = tables_of(request, *all);
  if (request.collectors.empty()) fragments.push_back(own_.fragment(request.format));
  return joined(request, std::move(fragments));
}

ScrapeBody Scraper::scrape_one(const ScrapeRequest& request, const std::shared_ptr<Watch>& watch) {
  const WatchList only = {watch};
  Fragments fragments = tables_of(request, only);
  if (request.collectors.empty()) fragments.push_back(own_.fragment_of(request.format, only));
  return joined(request, std::move(fragments));
}

Fragments Scraper::tables_of(const ScrapeRequest& request, const WatchList& watches) {
  const auto now = steady_clock::now();
  const auto wanted = [&](const std::string& collector) {
    return request.collectors.empty() ||
           std::ranges::find(request.collectors, collector) != request.collectors.end();
  };
  Fragments fragments;
  if (watches.size() == 1) {
    for (const auto& published : watches.front()->snapshot().view_for_scrape(request.format, now))
      if (wanted(published->collector())) fragments.push_back(published->fragment(request.format));
    return fragments;
  }
  std::map<std::string_view, PublishedList> by_collector;
  for (const auto& watch : watches)
    for (auto& published : watch->snapshot().view(now))
      if (wanted(published->collector())) by_collector[published->collector()].push_back(published);
  for (const auto& [collector, tables] : by_collector)
    fragments.push_back(merged_.fragment(request.format, tables));
  return fragments;
}

}  // namespace pgvigil::agent
