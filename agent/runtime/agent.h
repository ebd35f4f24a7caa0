#pragma once

#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/advice/advisory.h"
#include "agent/config/address.h"
#include "agent/config/config.h"
#include "agent/http/api/data.h"
#include "agent/http/pages/status_page.h"
#include "agent/http/server.h"
#include "agent/judge/judge.h"
#include "agent/notify/notifier.h"
#include "agent/runtime/investigator.h"
#include "agent/runtime/own_metrics.h"
#include "agent/runtime/probes.h"
#include "agent/runtime/rule_book.h"
#include "agent/runtime/scrape.h"
#include "agent/runtime/self/self_metrics.h"
#include "agent/runtime/watched_world.h"
#include "agent/store/store.h"
#include "agent/watching/watch.h"

namespace pgvigil::agent {

class Agent;

/// What the command decides.
struct AgentOptions {
  std::optional<std::string> config_file;
  std::optional<Address> listen;                         ///< instead of the configuration's
  std::optional<int> listen_descriptor;                  ///< a listening socket that the supervisor holds
  std::uint64_t restarts = 0;                            ///< workers that died before this one
  std::vector<Route> (*routes)(Agent& agent) = nullptr;  ///< every address that is answered
};

/// The running agent: HTTP server and the servers under watch. A configuration with mistakes never ends it:
/// the one before stays in force, and a first one that is wrong leaves it serving its own metrics until it is
/// mended.
class Agent {
 public:
  explicit Agent(AgentOptions options);
  /// Stops.
  ~Agent();

  /// Reads the configuration, binds and starts. An error only when nothing can be served.
  std::expected<void, Error> start();
  /// Reads the configuration again; the mistakes when it is refused. Any thread may call it.
  std::expected<void, Diagnostics> reload();
  /// Reload, but only when a file has another content than the last time it was read.
  void reload_if_changed();
  /// Ends every thread and session within a moment.
  void stop();

  /// Folders in which a change may mean another configuration.
  std::vector<std::string> watched_folders() const;

  // What the HTTP routes answer. Any thread may call them.
  /// Error `configuration` when there is no server of a name that is asked for.
  std::expected<ScrapeBody, Error> scrape(const ScrapeRequest& request);
  /// A configured server by its name, or any other that an auth module allows (see Probes).
  std::expected<ScrapeBody, RefusedProbe> probe(const std::string& target,
                                                const std::string& module,
                                                const ScrapeRequest& request);
  StatusView status() const;
  /// What /api/v1 reads.
  const api::Data& api_data() const { return *api_data_; }
  /// Null before the first configuration.
  Judge* judge() const;
  /// The same.
  notify::Notifier* notifier() const;
  /// What is advised; null before the first configuration.
  Advisory* advisory() const;
  bool alive() const;
  /// Each server has had its first outcomes or its trouble is known, and of one at least there are numbers.
  bool ready() const;

 private:
  std::expected<void, Error> listen(const HttpConfig& http);
  void apply(std::shared_ptr<const Config> config, JudgedRules rules);
  /// What the notifier asks of the rest.
  notify::Outlook outlook();
  /// The series of one watch alone.
  void read_series(const Watch& of, const std::function<void(const promql::Queryable&, Timestamp)>& ask);
  std::string trouble() const;
  void judge_by(const Config& config, JudgedRules rules);
  void advise_by(const std::shared_ptr<const Config>& config);
  void tell_what_needs_restart(const Config& next) const;
  void show(const Config& settings, const std::shared_ptr<const WatchList>& watches);
  std::shared_ptr<const Config> config() const;
  std::shared_ptr<const WatchList> watches() const;

  AgentOptions options_;
  const std::shared_ptr<SeriesBudget> budget_;
  SelfMetrics self_;
  OwnMetrics own_;
  Scraper scraper_;
  WatchedWorld world_;
  Investigator investigator_;
  std::unique_ptr<Store> store_;                // with the first configuration
  std::unique_ptr<notify::Notifier> notifier_;  // the same; the judge tells it
  std::unique_ptr<Judge> judge_;                // the same
  std::unique_ptr<Advisory> advisory_;          // the same
  std::unique_ptr<Probes> probes_;              // when it is known how many of them may wait
  std::unique_ptr<const api::Data> api_data_;
  std::unique_ptr<Server> http_;

  std::mutex reload_mutex_;  // one reload at a time; guards content_
  std::string content_;      // of all files that were read last

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Config> config_;
  std::shared_ptr<const WatchList>
      watches_;  // never empty: before the first configuration one that does nothing
  std::vector<std::string> mistakes_;
  std::vector<std::string> warnings_;
};

}  // namespace pgvigil::agent
