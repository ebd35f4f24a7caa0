#pragma once

#include <chrono>
#include <condition_variable>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "agent/runtime/probe_address.h"
#include "agent/watching/watch.h"

namespace pgvigil::agent {

/// Why a probe is refused.
enum class ProbeRefusal : std::uint8_t {
  malformed,  ///< no target, no such auth module, or something that is no address
  forbidden,  ///< the auth module is not for this target
  limit,      ///< as many targets as may be are watched
  busy,       ///< others wait for first numbers already; this one's are on their way
};

/// As a metric label spells it: "malformed", "forbidden", "limit", "busy".
std::string_view to_string(ProbeRefusal refusal);

struct RefusedProbe {
  ProbeRefusal refusal;
  std::string why;  ///< holds nothing of the request
};

/// The servers that nobody configured and somebody probes. The first probe begins to watch one and waits a
/// moment for its first numbers; it is forgotten when nobody has probed it for a while. At most `waiting`
/// calls wait at a time, so that they never take all threads of HTTP. Any thread may use it.
class Probes {
 public:
  /// Told how many targets are watched, whenever that changes.
  using CountHandler = std::function<void(std::size_t)>;

  /// Their tables have a share in `budget`.
  Probes(std::size_t waiting, std::shared_ptr<SeriesBudget> budget, CountHandler on_count);
  /// Stops.
  ~Probes();

  /// Targets that the configuration does not allow any more, or would watch in another way, are let go.
  void configure(std::shared_ptr<const Config> config);
  /// The watch of this target.
  std::expected<std::shared_ptr<Watch>, RefusedProbe> probe(const std::string& target,
                                                            const std::string& module);
  WatchList watches() const;
  /// Ends every wait and every watch; from then on every probe is refused.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Probed {
    ProbeAddress address;
    std::shared_ptr<Watch> watch;
    Clock::time_point asked_at;
  };
  using Key = std::pair<std::string, std::string>;  // module, and what of the target matters

  std::expected<std::shared_ptr<Watch>, RefusedProbe> watched(const std::string& target,
                                                              const std::string& module);
  bool wait_for_numbers(const Watch& watch, Clock::duration longest);
  void forget_unasked(const std::stop_token& stop);
  static void let_go(const WatchList& watches);

  const std::shared_ptr<SeriesBudget> budget_;
  const CountHandler on_count_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::size_t may_wait_;
  bool stopped_ = false;
  std::shared_ptr<const Config> config_;
  std::map<Key, Probed> probed_;
  std::jthread forgetting_;
};

}  // namespace pgvigil::agent
