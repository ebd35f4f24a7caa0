#include "agent/runtime/agent.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "agent/config/history_bound.h"
#include "agent/config/load.h"
#include "agent/log/log.h"
#include "agent/runtime/api_data.h"
#include "agent/runtime/store_rooms.h"
#include "agent/runtime/up_interval.h"
#include "agent/version.h"
#include "collectors/host/memory_limit.h"

namespace pgvigil::agent {
namespace {

std::vector<std::string> lines_of(const Diagnostics& diagnostics) {
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : diagnostics)
    lines.push_back(to_string(diagnostic));
  return lines;
}

/// What becomes of the watches when a configuration comes into force.
struct Succession {
  WatchList all;        ///< from now on
  WatchList beginning;  ///< of them
  WatchList ending;     ///< of those before
};

Succession succession(const std::shared_ptr<const Config>& config,
                      const WatchList& before,
                      const std::shared_ptr<SeriesBudget>& budget) {
  Succession next;
  for (const ServerConfig& server : config->servers) {
    const auto same_name = [&](const auto& watch) {
      return watch->server().name == server.name && watch->server().kind == server.kind;
    };
    const auto old = std::ranges::find_if(before, same_name);
    if (old != before.end() && (*old)->does(*config, server)) {
      next.all.push_back(*old);
      continue;
    }
    next.all.push_back(std::make_shared<Watch>(
        config, server, old == before.end() ? std::make_shared<Knowledge>(budget) : (*old)->known()));
    next.beginning.push_back(next.all.back());
  }
  for (const auto& watch : before)
    if (std::ranges::find(next.all, watch) == next.all.end()) next.ending.push_back(watch);
  return next;
}

/// Without a name of its own the host's: as a Prometheus would call it that finds it by DNS.
ScrapeLabels scrape_labels(const Config& config, int port) {
  ScrapeLabels labels{config.rules.instance, config.rules.job};
  if (!labels.instance.empty()) return labels;
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') name = {"localhost"};
  labels.instance = std::string(name.data()) + ':' + std::to_string(port);
  return labels;
}

}  // namespace

Agent::Agent(AgentOptions options)
    : options_(std::move(options)),
      budget_(std::make_shared<SeriesBudget>()),
      self_(k_version, options_.restarts, budget_),
      own_(self_),
      scraper_(own_),
      world_(self_),
      investigator_([this](const Watch& of, const auto& ask) { read_series(of, ask); }),
      api_data_(std::make_unique<ApiData>(
          [this] { return watches(); }, [this] { return config(); }, [this] { return judge(); }, own_)) {
  const auto nothing = std::make_shared<const Config>();
  show(*nothing, std::make_shared<const WatchList>(WatchList{std::make_shared<Watch>(
                     nothing, ServerConfig{}, std::make_shared<Knowledge>(budget_))}));
}

Agent::~Agent() {
  stop();
}

std::expected<void, Error> Agent::start() {
  // Half of the threads at most wait for a server that is probed for the first time; with one thread none
  // does.
  const HttpConfig expected = salvage_http(options_.config_file);
  probes_ = std::make_unique<Probes>(static_cast<std::size_t>(expected.threads) / 2, budget_,
                                     [this](std::size_t count) { self_.set_probed(count); });
  // Mistakes are told by the log, a metric and every page; serving goes on.
  return listen(reload() ? config()->http : expected);
}

std::expected<void, Diagnostics> Agent::reload() {
  const std::lock_guard one_at_a_time(reload_mutex_);
  content_ = config_content(options_.config_file);
  auto loaded = load_config(options_.config_file);
  auto rules = loaded ? load_judged_rules(*loaded) : std::unexpected(loaded.error());
  self_.count_reload(rules.has_value());
  if (rules) {
    apply(std::make_shared<const Config>(std::move(*loaded)), std::move(*rules));
    return {};
  }
  auto mistakes = lines_of(rules.error());
  for (const std::string& mistake : mistakes)
    log(LogLevel::error, "config_refused", {{"mistake", mistake}});
  const std::lock_guard lock(mutex_);
  mistakes_ = std::move(mistakes);
  return std::unexpected(std::move(rules.error()));
}

std::expected<void, Error> Agent::listen(const HttpConfig& http) {
  const HttpLimits limits{.threads = static_cast<std::size_t>(http.threads),
                          .slow_threads = static_cast<std::size_t>(http.query_threads),
                          .max_connections = http.max_connections};
  const Address address = options_.listen.value_or(Address{http.host, http.port});
  auto bound = options_.listen_descriptor ? Server::adopt(*options_.listen_descriptor, limits)
                                          : Server::bind(address.host, address.port, limits);
  if (!bound) return std::unexpected(bound.error());
  http_ = std::move(*bound);
  http_->start(options_.routes(*this),
               {.answered = [this](std::string_view route, int status,
                                   double seconds) { self_.count_request(route, status, seconds); },
                .closed = [this](CloseReason reason) { self_.count_closed(to_string(reason)); }});
  log(LogLevel::info, "listening", {{"port", http_->port()}, {"version", k_version}});
  return {};
}

void Agent::reload_if_changed() {
  {
    const std::lock_guard one_at_a_time(reload_mutex_);
    if (config_content(options_.config_file) == content_) return;
  }
  log(LogLevel::info, "config_changed", {});
  (void)reload();
}

void Agent::tell_what_needs_restart(const Config& next) const {
  const std::lock_guard lock(mutex_);
  if (!config_) return;
  if (config_->http != next.http)
    log(LogLevel::warning, "restart_needed",
        {{"setting", "http"}, {"why", "the listening socket stays as it is"}});
  if (config_->state != next.state)
    log(LogLevel::warning, "restart_needed", {{"setting", "state"}, {"why", "the store stays where it is"}});
}

/// A server that is watched as before is left alone. Otherwise the old watch ends before the new one begins:
/// a server never sees the sessions of both.
void Agent::apply(std::shared_ptr<const Config> config, JudgedRules rules) {
  configure_log(config->log);
  tell_what_needs_restart(*config);
  if (!store_) store_ = Store::open(config->state.directory, store_rooms());
  budget_->configure(config->max_total_series);
  const auto before = watches();
  const Succession next = succession(config, *before, budget_);
  stop_all(next.ending);
  for (const auto& watch : next.beginning)
    watch->start();
  show(*config, std::make_shared<const WatchList>(next.all));
  investigator_.configure(config, watches());
  judge_by(*config, std::move(rules));
  {
    const std::lock_guard lock(mutex_);
    config_ = config;
    mistakes_.clear();
  }
  for (const auto& watch : next.ending)
    if (std::ranges::find(next.all, watch->known(), &Watch::known) == next.all.end())
      forget_errors_of(watch->server().name);
  self_.set_servers(static_cast<std::size_t>(
      std::ranges::count(config->servers, ServerKind::postgres, &ServerConfig::kind)));
  probes_->configure(config);
  advise_by(config);
  log(LogLevel::info, "config_taken",
      {{"file", config->file.empty() ? "environment" : config->file},
       {"collectors",
        std::to_string(std::ranges::count_if(config->definitions, &collectors::Definition::enabled))},
       {"servers", next.all.size()},
       {"servers_kept", next.all.size() - next.beginning.size()}});
  malloc_trim(0);  // parsing has left a megabyte or two that nobody needs again
}

/// Makes them what scrapes and pages show.
void Agent::show(const Config& settings, const std::shared_ptr<const WatchList>& watches) {
  {
    const std::lock_guard lock(mutex_);
    watches_ = watches;
  }
  const OwnSettings own{constant_labels(settings.labels), k_up_interval, settings.generation};
  own_.configure(own, watches);
  world_.configure(watches,
                   scrape_labels(settings, options_.listen ? options_.listen->port : settings.http.port),
                   settings.labels, own);
  scraper_.configure(watches);
}

void Agent::judge_by(const Config& config, JudgedRules rules) {
  std::vector<std::string> warnings = lines_of(rules.warnings);
  for (const std::string& warning : warnings)
    log(LogLevel::warning, "rule_warning", {{"warning", warning}});
  const HistoryBound bound = history_bound(config.history, host::own_memory_limit());
  if (bound.of_limit)
    log(LogLevel::info, "history_bounded_by_memory_limit",
        {{"max_bytes", bound.most.count}, {"memory_limit", bound.of_limit->count}});
  JudgeSettings settings{.history = {config.history.retention, bound.most},
                         .keep = config.history.keep,
                         .keep_charted = config.history.dashboards,
                         .needs = investigator_.needs_of(rules.rules),
                         .surroundings = {config.rules.evaluation_interval, config.rules.external_url,
                                          config.rules.max_alerts, std::move(rules.collector_of)}};
  const bool is_first = judge_ == nullptr;
  if (is_first) {
    auto notifier = std::make_unique<notify::Notifier>(*store_, outlook());
    auto judge = std::make_unique<Judge>(world_, *store_,
                                         [this, telling = notifier.get()](const JudgeFigures& figures) {
                                           self_.set_judge(figures);
                                           self_.set_notifier(telling->figures());
                                         });
    judge->add_sink(*notifier);
    const std::lock_guard lock(mutex_);
    judge_ = std::move(judge);
    notifier_ = std::move(notifier);
  }
  notifier_->configure(config.notify, config.rules.external_url);
  judge_->configure(std::move(settings), std::move(rules.rules), std::chrono::system_clock::now());
  for (const GroupStatus& group : judge_->rules())
    for (const RuleStatus& rule : group.rules)
      notifier_->adopt(*rule.rule, rule.alerts, std::chrono::system_clock::now());
  if (is_first) judge_->start();
  const std::lock_guard lock(mutex_);
  warnings_ = std::move(warnings);
}

notify::Notifier* Agent::notifier() const {
  const std::lock_guard lock(mutex_);
  return notifier_.get();
}

void Agent::advise_by(const std::shared_ptr<const Config>& config) {
  if (advisory() == nullptr) {
    auto advisory = std::make_unique<Advisory>(*store_);
    const std::lock_guard lock(mutex_);
    advisory_ = std::move(advisory);
  }
  advisory_->configure(config, watches());
}

Advisory* Agent::advisory() const {
  const std::lock_guard lock(mutex_);
  return advisory_.get();
}

Judge* Agent::judge() const {
  const std::lock_guard lock(mutex_);
  return judge_.get();
}

void Agent::stop() {
  if (probes_) probes_->stop();
  if (http_) http_->stop();
  if (judge_) judge_->stop();
  if (notifier_) notifier_->stop();
  if (advisory_) advisory_->stop();
  stop_all(*watches());
}

std::shared_ptr<const Config> Agent::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

std::shared_ptr<const WatchList> Agent::watches() const {
  const std::lock_guard lock(mutex_);
  return watches_;
}

std::vector<std::string> Agent::watched_folders() const {
  const auto config = this->config();
  return config_folders(options_.config_file, config.get());
}

}  // namespace pgvigil::agent
