#include "agent/runtime/vitals.h"

#include <algorithm>

namespace pgvigil::agent {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr int k_intervals = 4;
constexpr milliseconds k_shortest_patience = 1min;
/// What waits for so long is stuck.
constexpr auto k_longest_delivery = 5min;

std::string trouble_of(const Vitals::Watched& watched, Timestamp now) {
  if (!watched.alive) return watched.name + ": collectors do not come back";
  if (watched.in_trouble) return "";
  auto patience = milliseconds::max();
  std::optional<Timestamp> newest;
  for (const CollectorStatus& collector : watched.collectors) {
    if (collector.state == CollectorState::unsupported) continue;
    patience =
        std::min(patience, std::chrono::duration_cast<milliseconds>(collector.every * collector.slowdown));
    if (collector.last_success)
      newest = std::max(newest.value_or(*collector.last_success), *collector.last_success);
  }
  if (patience == milliseconds::max()) return "";  // nothing is to be collected
  if (!newest) return watched.name + ": nothing has been collected yet";
  return now - *newest > std::max(k_shortest_patience, k_intervals * patience)
             ? watched.name + ": nothing has been collected of late"
             : "";
}

std::string trouble_of(const notify::ReceiverFigures& receiver, Timestamp now) {
  if (receiver.oldest_due && now - *receiver.oldest_due > k_longest_delivery)
    return receiver.receiver + " has not been told of an alert for more than 5 minutes";
  if (receiver.last_look && now - *receiver.last_look > k_longest_delivery)
    return "nobody has looked for more than 5 minutes what to tell " + receiver.receiver;
  return "";
}

}  // namespace

std::string trouble_of(const Vitals& vitals, Timestamp now) {
  if (now - vitals.last_evaluation > k_intervals * std::max<milliseconds>(15s, vitals.evaluation_interval))
    return "no rule has been evaluated of late";
  for (const Vitals::Watched& watched : vitals.watched)
    if (std::string trouble = trouble_of(watched, now); !trouble.empty()) return trouble;
  for (const notify::ReceiverFigures& receiver : vitals.receivers)
    if (std::string trouble = trouble_of(receiver, now); !trouble.empty()) return trouble;
  return "";
}

}  // namespace pgvigil::agent
