#include "agent/store/rooms.h"

#include <array>

#include "agent/store/alerts.h"

namespace pgvigil::agent {

std::span<const StoreRoom> store_rooms() {
  static const std::array rooms{k_alerts_room};
  return rooms;
}

}  // namespace pgvigil::agent
