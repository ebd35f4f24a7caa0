#pragma once

#include <string_view>

namespace pgvigil::agent {

// The one metric that the supervisor (0) and a living worker (1) both export.

inline constexpr std::string_view k_worker_up = "pgvigil_worker_up";
inline constexpr std::string_view k_worker_up_help =
    "Whether the process that measures is running. While it is 0 nothing is known about the server: its "
    "series, pg_up too, are absent.";

}  // namespace pgvigil::agent
