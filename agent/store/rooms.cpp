#include "agent/store/rooms.h"

#include <array>

#include "agent/store/alerts.h"
#include "agent/store/ledger.h"
#include "agent/store/outbox.h"

namespace pgvigil::agent {

std::span<const StoreRoom> store_rooms() {
  static const std::array rooms{k_alerts_room, k_ledger_room, k_outbox_room};
  return rooms;
}

}  // namespace pgvigil::agent
