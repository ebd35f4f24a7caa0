#include "agent/store/rooms.h"

namespace pgvigil::agent {

std::span<const StoreRoom> store_rooms() {
  return {};
}

}  // namespace pgvigil::agent
