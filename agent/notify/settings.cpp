#include "agent/notify/settings.h"

#include "agent/notify/receivers/receiver.h"

namespace pgvigil::agent::notify {
namespace {

/// The configuration was checked: what cannot be read is not there.
Matchers read(const std::vector<std::string>& texts) {
  Matchers matchers;
  for (const std::string& text : texts)
    if (auto matcher = parse_matcher(text)) matchers.push_back(std::move(*matcher));
  return matchers;
}

}  // namespace

std::vector<Route> routes_of(const NotifySettings& settings) {
  std::vector<Route> routes;
  for (const RouteSettings& route : settings.routes)
    routes.push_back(
        {read(route.match), route.receivers, route.goes_on, route.grouping, route.mute, route.active});
  Route rest{.receivers = settings.receivers_of_rest, .grouping = settings.grouping};
  if (rest.receivers.empty() && routes.empty()) {
    for (const ReceiverSettings& receiver : settings.receivers) {
      const ReceiverType* type = find_receiver_type(receiver.type);
      if (type != nullptr && !type->manners.beats) rest.receivers.push_back(receiver.name);
    }
  }
  routes.push_back(std::move(rest));
  return routes;
}

std::vector<Inhibition> inhibitions_of(const NotifySettings& settings) {
  std::vector<Inhibition> inhibitions;
  for (const InhibitSettings& inhibition : settings.inhibitions)
    inhibitions.push_back({read(inhibition.source), read(inhibition.target), inhibition.equal});
  return inhibitions;
}

}  // namespace pgvigil::agent::notify
