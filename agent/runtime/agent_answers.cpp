// What an Agent answers to the routes of HTTP.

#include <algorithm>

#include "agent/http/pages/notify_view.h"
#include "agent/runtime/agent.h"
#include "agent/runtime/up_interval.h"
#include "agent/version.h"

namespace pgvigil::agent {
namespace {

using std::chrono::steady_clock;

ServerView view_of(const Watch& watch) {
  ServerView view{.name = watch.server().name, .labels = watch.server().labels};
  view.server = watch.board().server();
  view.collectors = watch.board().collectors();
  view.up = is_up(view.server, steady_clock::now(), k_up_interval);
  return view;
}

}  // namespace

std::expected<ScrapeBody, Error> Agent::scrape(const ScrapeRequest& request) {
  const auto start = steady_clock::now();
  auto body = scraper_.scrape(request);
  if (body)
    self_.count_scrape(std::chrono::duration<double>(steady_clock::now() - start).count(), body->size);
  return body;
}

std::expected<ScrapeBody, RefusedProbe> Agent::probe(const std::string& target,
                                                     const std::string& module,
                                                     const ScrapeRequest& request) {
  const auto all = watches();
  const auto configured =
      std::ranges::find(*all, target, [](const auto& watch) { return watch->server().name; });
  if (!target.empty() && configured != all->end()) return scraper_.scrape_one(request, *configured);
  const auto watch = probes_->probe(target, module);
  if (watch) return scraper_.scrape_one(request, *watch);
  self_.count_refused_probe(to_string(watch.error().refusal));
  return std::unexpected(watch.error());
}

StatusView Agent::status() const {
  StatusView view{.version = std::string(k_version), .now = std::chrono::system_clock::now()};
  for (const auto& watch : *watches())
    view.servers.push_back(view_of(*watch));
  for (const auto& watch : probes_->watches())
    view.probed.emplace_back(view_of(*watch)).configured = false;
  if (const Judge* judging = judge()) view.alerts = alerts_view(judging->rules());
  if (const notify::Notifier* telling = notifier()) add_what_was_told(view, *telling);
  const std::lock_guard lock(mutex_);
  if (config_) view.config_file = config_->file;
  view.mistakes = mistakes_;
  view.warnings = warnings_;
  return view;
}

bool Agent::alive() const {
  const auto is_alive = [](const auto& watch) { return watch->alive(); };
  return std::ranges::all_of(*watches(), is_alive) && std::ranges::all_of(probes_->watches(), is_alive);
}

bool Agent::ready() const {
  const auto all = watches();
  return config() != nullptr &&
         std::ranges::all_of(*all,
                             [](const auto& watch) {
                               // A repository far away takes its time; that is no reason to keep a pod out of
                               // its Service.
                               return watch->server().kind == ServerKind::backups ||
                                      watch->board().first_outcome_known();
                             }) &&
         (all->empty() ||
          std::ranges::any_of(*all, [](const auto& watch) { return watch->board().first_round_done(); }));
}

}  // namespace pgvigil::agent
