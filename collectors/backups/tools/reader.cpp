#include "collectors/backups/tools/reader.h"

#include <sys/stat.h>

#include "collectors/backups/files/command.h"
#include "collectors/model/instant.h"

namespace pgvigil::backups {
namespace {

constexpr std::size_t k_most_output = std::size_t{64} << 20;
/// A file of a sidecar may be this much older than three of its intervals.
constexpr std::chrono::hours k_grace{1};

/// The first line of what a program complained of.
std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

Reading read_source(const Look& look) {
  switch (look.source.tool) {
    case Tool::pgbackrest:
      return read_pgbackrest(look);
    case Tool::dumps:
      return read_dumps(look);
    case Tool::barman:
      return read_barman(look);
    case Tool::wal_g:
      return read_wal_g(look);
    case Tool::base_backups:
      return read_base_backups(look);
    case Tool::cloudnativepg:
      return read_cloudnativepg(look);
  }
  return {};
}

std::expected<std::string, Error> output_of(const Look& look, const std::vector<std::string>& words) {
  auto ran = run_command(words, look.deadline, k_most_output, look.stop);
  if (!ran) return std::unexpected(std::move(ran.error()));
  if (ran->exit_status != 0 && ran->output.empty())
    return std::unexpected(Error{ErrorKind::query, words[0] + " ended with status " +
                                                       std::to_string(ran->exit_status) + ": " +
                                                       first_line(ran->complaint)});
  return std::move(ran->output);
}

std::expected<std::string, Error> content_of(const Look& look, const std::string& file) {
  struct stat told {};
  if (stat(file.c_str(), &told) == 0) {
    const auto age = look.now - timestamp_of(std::int64_t{told.st_mtime});
    if (age > 3 * look.source.every + k_grace)
      return std::unexpected(
          Error{ErrorKind::timed_out,
                file + " was last written " + std::to_string(age / std::chrono::minutes{1}) + " min ago"});
  }
  return read_whole_file(file, k_most_output);
}

Trouble trouble_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::timed_out:
      return {Reason::timed_out, error.message};
    case ErrorKind::permission:
      return {Reason::unreadable, error.message};
    default:
      return {Reason::tool_failed, error.message};
  }
}

}  // namespace pgvigil::backups
