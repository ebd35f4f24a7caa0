#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/model/units.h"

namespace pgvigil {

/// "500ms", "15s", "1m30s", "2h", "7d": whole numbers with the units d, h, m, s and ms, largest first, each
/// at most once. Nothing when the text is anything else or does not fit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest text that parse_duration() reads back: "1m30s"; "0s" for zero.
std::string duration_text(std::chrono::milliseconds duration);

/// "64MB", "16MiB", "512kB", "100B": decimal (kB, MB, GB, TB) and binary (KiB, MiB, GiB, TiB) multiples; a
/// bare number counts bytes. Nothing when the text is anything else or does not fit.
std::optional<Bytes> parse_bytes(std::string_view text);

/// The shortest text that parse_bytes() reads back, with one unit: "64kB", "16MiB", "1500B".
std::string bytes_text(Bytes size);

}  // namespace pgvigil
