#include "agent/runtime/agent.h"

#include <malloc.h>

#include <algorithm>

#include "agent/config/load.h"
#include "agent/http/routes.h"
#include "agent/runtime/log.h"
#include "agent/version.h"

namespace pgvigil::agent {
namespace {

using std::chrono::steady_clock;

/// pg_up asks for an answer within this time: the interval of the collectors that are not slow.
constexpr std::chrono::seconds k_up_interval{15};

std::vector<std::string> lines_of(const Diagnostics& diagnostics) {
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : diagnostics) lines.push_back(to_string(diagnostic));
  return lines;
}

}  // namespace

Agent::Agent(AgentOptions options)
    : options_(std::move(options)), self_(k_version, options_.restarts), scraper_(snapshot_, board_, self_) {}

Agent::~Agent() { stop(); }

std::expected<void, Error> Agent::start() {
  // Mistakes are told by the log, a metric and every page; serving goes on.
  return listen(reload() ? config()->http : salvage_http(options_.config_file));
}

std::expected<void, Diagnostics> Agent::reload() {
  const std::lock_guard one_at_a_time(reload_mutex_);
  content_ = config_content(options_.config_file);
  auto loaded = load_config(options_.config_file);
  self_.count_reload(loaded.has_value());
  if (loaded) {
    apply(std::make_shared<const Config>(std::move(*loaded)));
    return {};
  }
  auto mistakes = lines_of(loaded.error());
  for (const std::string& mistake : mistakes) log(LogLevel::error, "config_refused", {{"mistake", mistake}});
  const std::lock_guard lock(mutex_);
  mistakes_ = std::move(mistakes);
  return std::unexpected(std::move(loaded.error()));
}

std::expected<void, Error> Agent::listen(const HttpConfig& http) {
  const HttpLimits limits{.threads = static_cast<std::size_t>(http.threads), .max_connections = http.max_connections};
  const Address address = options_.listen.value_or(Address{http.host, http.port});
  auto bound = options_.listen_descriptor ? Server::adopt(*options_.listen_descriptor, limits)
                                          : Server::bind(address.host, address.port, limits);
  if (!bound) return std::unexpected(bound.error());
  http_ = std::move(*bound);
  http_->start(routes_of(*this),
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

/// The old target ends before the new one begins: a server never sees the sessions of both.
void Agent::apply(std::shared_ptr<const Config> config) {
  configure_log(config->log);
  std::shared_ptr<Target> old;
  {
    const std::lock_guard lock(mutex_);
    if (config_ && config_->http != config->http)
      log(LogLevel::warning, "restart_needed", {{"setting", "http"}, {"why", "the listening socket stays as it is"}});
    old = std::move(target_);
    target_.reset();
    config_ = config;
    mistakes_.clear();
  }
  if (old) old->stop();
  snapshot_.configure(constant_labels(config->labels));
  scraper_.configure({constant_labels(config->labels), k_up_interval, config->generation});
  auto target = std::make_shared<Target>(config, config->server, snapshot_, board_);
  target->start();
  log(LogLevel::info, "config_taken",
      {{"file", config->file.empty() ? "environment" : config->file},
       {"collectors", std::to_string(std::ranges::count_if(config->definitions, &collectors::Definition::enabled))}});
  {
    const std::lock_guard lock(mutex_);
    target_ = std::move(target);
  }
  malloc_trim(0);  // parsing has left a megabyte or two that nobody needs again
}

void Agent::stop() {
  if (http_) http_->stop();
  std::shared_ptr<Target> target;
  {
    const std::lock_guard lock(mutex_);
    target = std::move(target_);
    target_.reset();
  }
  if (target) target->stop();
}

std::shared_ptr<const Config> Agent::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

std::vector<std::string> Agent::watched_folders() const {
  const auto config = this->config();
  return config_folders(options_.config_file, config.get());
}

ScrapeBody Agent::scrape(const ScrapeRequest& request) {
  const auto start = steady_clock::now();
  ScrapeBody body = scraper_.scrape(request);
  self_.count_scrape(std::chrono::duration<double>(steady_clock::now() - start).count(), body.size);
  return body;
}

StatusView Agent::status() const {
  StatusView view{.version = std::string(k_version), .now = std::chrono::system_clock::now()};
  view.server = board_.server();
  view.collectors = board_.collectors();
  view.up = is_up(view.server, steady_clock::now(), k_up_interval);
  const std::lock_guard lock(mutex_);
  if (config_) view.config_file = config_->file;
  view.mistakes = mistakes_;
  return view;
}

bool Agent::alive() const {
  std::shared_ptr<Target> target;
  {
    const std::lock_guard lock(mutex_);
    target = target_;
  }
  return !target || target->alive();
}

bool Agent::ready() const { return config() != nullptr && board_.first_round_done(); }

}  // namespace pgvigil::agent
