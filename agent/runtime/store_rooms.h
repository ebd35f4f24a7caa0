#pragma once

#include <span>

#include "agent/store/room.h"

namespace pgvigil::agent {

/// Every room of the store: whatever ends a file with its StoreRoom has a line here.
std::span<const StoreRoom> store_rooms();

}  // namespace pgvigil::agent
