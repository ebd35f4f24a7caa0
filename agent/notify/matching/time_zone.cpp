#include "agent/notify/matching/time_zone.h"

#include <date/tz.h>

#include <stdexcept>

namespace pgvigil::agent::notify {

std::optional<std::chrono::local_time<std::chrono::seconds>> local_time_in(const std::string& zone,
                                                                           Timestamp time) {
  using namespace std::chrono;
  const auto at = floor<seconds>(time);
  if (zone == "UTC") return local_time<seconds>(at.time_since_epoch());
  try {
    const auto local = date::locate_zone(zone)->to_local(at);
    return local_time<seconds>(local.time_since_epoch());
  } catch (const std::runtime_error&) {
    return std::nullopt;  // no such zone, or no tzdata at all
  }
}

}  // namespace pgvigil::agent::notify
