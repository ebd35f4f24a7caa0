#include "agent/runtime/store_rooms.h"

#include <array>

#include "agent/notify/outbox.h"
#include "agent/store/alerts.h"
#include "agent/store/ledger.h"

namespace pgvigil::agent {

std::span<const StoreRoom> store_rooms() {
  static const std::array rooms{k_alerts_room, k_ledger_room, k_outbox_room};
  return rooms;
}

}  // namespace pgvigil::agent
