#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace pgvigil::agent {

using SupervisorFields = std::initializer_list<std::pair<std::string_view, std::string>>;

/// One event as a line of logfmt on standard error, as the worker's log writes it by default; by a single
/// write(2), so that the lines of both processes never mix. The log library stays untouched: its pages are
/// most of what the supervisor would otherwise hold in memory.
void supervisor_log(std::string_view level, std::string_view event, SupervisorFields fields);

/// The line itself, with its newline; `time` as in "2025-01-31T12:00:00.000Z".
std::string supervisor_log_line(std::string_view time,
                                std::string_view level,
                                std::string_view event,
                                SupervisorFields fields);

}  // namespace pgvigil::agent
