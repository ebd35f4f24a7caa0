#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/runtime/self/self_metrics.h"
#include "agent/watching/exposition/fragment.h"
#include "agent/watching/watch.h"

namespace pgvigil::agent {

/// What of the configuration the agent's own metrics depend on.
struct OwnSettings {
  std::string constant_labels;  ///< of the metrics about the process
  std::chrono::milliseconds up_interval{15'000};
  collectors::Generation generation = collectors::Generation::v0_20;
};

/// The exposition of the agent's own metrics, at most a second old, or more where a rendering takes more than
/// 5 ms of a processor. While scrapes come in a thread renders it ahead of them, with one percent of a core
/// at the most; the first scrape after a pause renders it itself. Any thread may use it.
class OwnMetrics {
 public:
  /// `self` must outlive it.
  explicit OwnMetrics(SelfMetrics& self);
  ~OwnMetrics();

  /// `watches`: of whom they tell.
  void configure(OwnSettings settings, std::shared_ptr<const WatchList> watches);
  /// About all servers and the process.
  std::shared_ptr<const Fragment> fragment(Format format);
  /// What the families mean that fragment() shows.
  std::vector<OwnFamily> families();
  /// About these servers alone, rendered at once.
  std::shared_ptr<const Fragment> fragment_of(Format format, const WatchList& watches);

 private:
  using Clock = std::chrono::steady_clock;

  struct Rendering {
    std::shared_ptr<const Fragment> fragment;
    Clock::time_point rendered_at{};
    Clock::time_point asked_at{};
    Clock::duration cost{};  // of a processor
  };
  /// What a rendering needs, as of one moment.
  struct Input {
    OwnSettings settings;
    std::shared_ptr<const WatchList> watches;
  };

  void render_ahead(const std::stop_token& stop);
  Clock::time_point due(Clock::time_point now) const;
  Rendering rendered(Format format, const Input& input) const;
  RenderSettings settings_for(Format format, const OwnSettings& settings) const;

  SelfMetrics& self_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any asked_;
  Input input_;
  std::uint64_t configured_ = 0;         // how often
  std::array<Rendering, 2> renderings_;  // by Format
  std::jthread ahead_;
};

}  // namespace pgvigil::agent
