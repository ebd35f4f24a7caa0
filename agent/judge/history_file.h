#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/model/error.h"

namespace pgvigil::agent {

/// The bytes of `<directory>/history.bin`; nothing when it is not there.
std::expected<std::optional<std::string>, Error> read_history_file(const std::string& directory);

/// Replaces them: a process that dies meanwhile leaves the old file.
std::expected<void, Error> write_history_file(const std::string& directory, std::string_view bytes);

/// Moves a damaged file to "history.bin.damaged".
std::expected<void, Error> set_history_file_aside(const std::string& directory);

}  // namespace pgvigil::agent
