#pragma once

#include <string_view>

#include "agent/log/log_line.h"

namespace pgvigil::agent {

/// Writes one event as the worker's log does (see log.h), but by a plain write(2): the log library, and the
/// memory that it wants, stay out of the supervisor. A line goes out whole, so that those of both processes
/// never mix.
void supervisor_log(LogFormat format, LogLevel level, std::string_view event, const LogFields& fields);

}  // namespace pgvigil::agent
