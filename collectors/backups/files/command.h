#pragma once

#include <expected>
#include <stop_token>
#include <string>
#include <vector>

#include "collectors/model/error.h"
#include "collectors/model/units.h"

namespace pgvigil::backups {

/// What a program wrote before it ended, and how it ended.
struct Ran {
  std::string output;     ///< standard output
  std::string complaint;  ///< the first 4 KiB of standard error
  int exit_status = 0;    ///< 128 + the signal that ended it
};

/// Runs a program without a shell, in a process group of its own, in the C locale. Late, told to stop, or
/// with more output than `most_output` bytes the whole group is killed. Errors: `unreachable` when it cannot
/// be started, `timed_out`, `interrupted`, `limit`.
std::expected<Ran, Error> run_command(const std::vector<std::string>& words,
                                      Deadline deadline,
                                      std::size_t most_output,
                                      const std::stop_token& stop);

/// The content of a file that is at most `most` bytes long. Errors: `unreachable`, `permission`, `limit`.
std::expected<std::string, Error> read_whole_file(const std::string& path, std::size_t most);

}  // namespace pgvigil::backups
