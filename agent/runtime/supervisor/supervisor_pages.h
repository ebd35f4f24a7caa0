#pragma once

#include <string_view>

#include "agent/http/reply.h"
#include "agent/runtime/supervisor/supervisor_history.h"

namespace pgvigil::agent {

/// What the supervisor answers to a request while no worker runs: /livez with 200, /metrics with what is
/// known about the worker, and 503 for the rest. The series of the server, pg_up too, are absent: whether
/// Postgres is up is not known, and a 0 would call somebody to a database that may well be healthy; alert on
/// pgvigil_worker_up. `head` is the request as it came; nothing of it is echoed.
Reply supervisor_reply(std::string_view head, const WorkerHistory& history, Deadline now);

}  // namespace pgvigil::agent
