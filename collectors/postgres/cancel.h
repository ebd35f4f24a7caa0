#pragma once

#include <chrono>

#include "collectors/postgres/libpq.h"

namespace pgvigil::postgres {

/// Asks the server to cancel what `conn` runs, and returns at once.
///
/// PQcancel of libpq 15 blocks: a frozen postmaster accepts its connection and never closes it. It is
/// documented to be safe in a signal handler, and so it is in a forked child, which an alarm ends after
/// `patience`: no thread of ours is ever lost to it. The child is orphaned on purpose, for the init process
/// (or our supervisor) to collect.
void send_cancel(PGconn* conn, std::chrono::seconds patience);

}  // namespace pgvigil::postgres
