#pragma once

#include <chrono>
#include <condition_variable>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/config/config.h"
#include "agent/store/ledger.h"
#include "agent/watching/watch.h"
#include "collectors/postgres/interrupt.h"
#include "rules/advice/advice.h"

namespace pgvigil::agent {

/// What advisors think of one server; never changed once others see it.
using Opinions = std::vector<rules::advice::Opinion>;

/// What is advised for one server.
struct ServerAdvice {
  std::optional<Timestamp> looked_at = {};  ///< when a look last succeeded
  std::string trouble = {};                 ///< why the last one did not; empty: it did
  std::shared_ptr<const Opinions> opinions =
      std::make_shared<const Opinions>();  ///< stands, dismissed or not
};
/// By the server's name.
using AdviceBoard = std::map<std::string, ServerAdvice>;

/// Looks at each watched Postgres server now and then, on a thread of its own and in a session that ends with
/// the look, and keeps a ledger of what the advisors find: it is told once it is steady and proven, and over
/// once looks that could see have not found it. Publishes it as series, as if it were a collector of the
/// server. Any thread may use it.
class Advisory {
 public:
  /// `store` must outlive it.
  explicit Advisory(Store& store);
  /// Stops.
  ~Advisory();
  Advisory(const Advisory&) = delete;
  Advisory& operator=(const Advisory&) = delete;

  /// From now on these servers, as the configuration says. The first look comes after five minutes, or after
  /// one interval where that is shorter.
  void configure(std::shared_ptr<const Config> config, std::shared_ptr<const WatchList> watches);
  /// Ends a look within a moment, and the thread with it.
  void stop();

  AdviceBoard board() const;
  Dismissals dismissals() const;
  /// What stands with this id is told no more until then: of that server, or without one of each. Error
  /// `configuration` when nothing does; `storage` when it cannot be kept.
  std::expected<void, Error> dismiss(const std::string& id,
                                     const std::optional<std::string>& server,
                                     const Dismissal& dismissal);

 private:
  using Clock = std::chrono::steady_clock;

  /// What a look is about, as of one moment.
  struct Order {
    std::shared_ptr<const Config> config;
    std::shared_ptr<const WatchList> watches;
    std::shared_ptr<const postgres::Interrupt> interrupt;
  };
  void work(const std::stop_token& stop);
  std::optional<Order> wait(const std::stop_token& stop);
  void look_at(const Order& order, const Watch& watch);
  void note_trouble(const std::string& server, const Error& error);
  void note(const std::string& server, const Opinions& opinions, Timestamp now, const Config& config);
  void keep_ledger(const std::string& server, const std::vector<LedgerKey>& touched);
  Opinions standing(const std::string& server, const Opinions& before, Opinions now) const;
  void publish(const Config& config, const Watch& watch);

  Store& store_;
  Ledger ledger_;  // of the thread

  std::mutex publish_mutex_;  // one publication at a time; taken before mutex_
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::shared_ptr<const Config> config_;
  std::shared_ptr<const WatchList> watches_;
  std::optional<Clock::time_point> due_;            // nothing while a look runs
  std::shared_ptr<postgres::Interrupt> interrupt_;  // of the look that runs
  AdviceBoard board_;
  Dismissals dismissals_;
  std::jthread thread_;
};

}  // namespace pgvigil::agent
