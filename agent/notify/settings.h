#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/notify/matching/inhibition.h"
#include "agent/notify/matching/mute_times.h"
#include "agent/notify/matching/route.h"
#include "agent/notify/receivers/receiver_settings.h"

namespace pgvigil::agent::notify {

/// [[route]], as written.
struct RouteSettings {
  std::vector<std::string> match = {};
  std::vector<std::string> receivers = {};
  bool goes_on = false;
  Grouping grouping = {};
  std::vector<std::string> mute = {};
  std::vector<std::string> active = {};

  bool operator==(const RouteSettings&) const = default;
};

/// [[inhibit]], as written.
struct InhibitSettings {
  std::vector<std::string> source = {};
  std::vector<std::string> target = {};
  std::vector<std::string> equal = {"instance"};

  bool operator==(const InhibitSettings&) const = default;
};

/// [notify], [receiver.NAME], [[route]], [[inhibit]] and [mute.NAME].
struct NotifySettings {
  std::vector<std::string> receivers_of_rest = {};  ///< of what no route takes
  Grouping grouping = {};                           ///< of routes that say nothing else
  std::chrono::milliseconds give_up_after{24 * 3'600'000};
  std::vector<ReceiverSettings> receivers = {};
  std::vector<RouteSettings> routes = {};
  std::vector<InhibitSettings> inhibitions = {};
  std::vector<MuteTimes> mutes = {};

  bool operator==(const NotifySettings&) const = default;
};

/// The routes in their order, and after them the one of what no route takes: the receivers that [notify]
/// names; where it names none and there are no routes, every receiver but heartbeats.
std::vector<Route> routes_of(const NotifySettings& settings);
std::vector<Inhibition> inhibitions_of(const NotifySettings& settings);

}  // namespace pgvigil::agent::notify
