#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/runtime/own_metrics.h"
#include "agent/watching/exposition/merged_tables.h"
#include "agent/watching/watch.h"
#include "collectors/model/error.h"

namespace pgvigil::agent {

/// How a scrape wants its answer.
struct ScrapeRequest {
  Format format = Format::text;
  bool gzip = false;
  std::vector<std::string>
      collectors;  ///< names of collectors; empty: all of them and the agent's own metrics
  std::vector<std::string>
      targets;  ///< names of servers; empty: all of them and the metrics about the process
};

/// The bytes of an answer, to be sent one after the other.
struct ScrapeBody {
  using Piece = std::shared_ptr<const std::string>;

  std::vector<Piece> pieces = {};  ///< what is there already: a compressed scrape is nothing else
  std::function<Piece()> more =
      {};                  ///< gives those that follow, a null pointer at the end; none where it is empty
  std::uint64_t size = 0;  ///< bytes in all
};

/// Puts scrapes together from what is there already: no query is asked. With one server nothing is rendered
/// and nothing compressed; with several, each collector's tables are merged once after one of the servers has
/// published. Any thread may use it.
class Scraper {
 public:
  /// `own` must outlive it.
  explicit Scraper(OwnMetrics& own) : own_(own), watches_(std::make_shared<const WatchList>()) {}

  /// Whom scrapes show from now on.
  void configure(std::shared_ptr<const WatchList> watches);
  /// Error `configuration` when there is no server of one of the names.
  std::expected<ScrapeBody, Error> scrape(const ScrapeRequest& request);
  /// The same for one server, which need not be one of those.
  ScrapeBody scrape_one(const ScrapeRequest& request, const std::shared_ptr<Watch>& watch);

 private:
  std::shared_ptr<const WatchList> watches();
  std::vector<std::shared_ptr<const Fragment>> tables_of(const ScrapeRequest& request,
                                                         const WatchList& watches);

  OwnMetrics& own_;
  MergedTables merged_;
  std::mutex mutex_;  // guards what follows
  std::shared_ptr<const WatchList> watches_;
};

}  // namespace pgvigil::agent
