#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/runtime/self_metrics.h"
#include "agent/runtime/snapshot.h"

namespace pgvigil::agent {

/// How a scrape wants its answer.
struct ScrapeRequest {
  Format format = Format::text;
  bool gzip = false;
  std::vector<std::string> collectors;  ///< names of collectors; empty: all of them and the agent's own metrics
};

/// The bytes of an answer, to be sent one after the other.
struct ScrapeBody {
  std::vector<std::shared_ptr<const std::string>> pieces;
  std::uint64_t size = 0;
};

/// What of the configuration a scrape depends on.
struct ScrapeSettings {
  std::string constant_labels;
  std::chrono::milliseconds up_interval{15'000};
  collectors::Generation generation = collectors::Generation::v0_20;
};

/// Puts scrapes together from what is there already: no query, no rendering of tables, no compression but that of the
/// agent's own metrics, and those at most once a second. Any thread may use it.
class Scraper {
 public:
  /// All of them must outlive it.
  Scraper(Snapshot& snapshot, StatusBoard& board, SelfMetrics& self) : snapshot_(snapshot), board_(board), self_(self) {}

  void configure(ScrapeSettings settings);
  ScrapeBody scrape(const ScrapeRequest& request);

 private:
  struct OwnFragment {
    std::chrono::steady_clock::time_point rendered_at{};
    std::shared_ptr<const Fragment> fragment;
  };
  std::shared_ptr<const Fragment> own_fragment(Format format, std::chrono::steady_clock::time_point now);

  Snapshot& snapshot_;
  StatusBoard& board_;
  SelfMetrics& self_;
  std::mutex mutex_;  // guards what follows
  ScrapeSettings settings_;
  std::array<OwnFragment, 2> own_;  // by Format
};

}  // namespace pgvigil::agent
