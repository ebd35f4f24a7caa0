#pragma once

#include <expected>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "collectors/backups/model/backup.h"
#include "collectors/backups/model/settings.h"
#include "collectors/backups/tools/fetch.h"
#include "collectors/model/error.h"

namespace pgvigil::backups {

/// What a reader may remember from one look to the next: what it has once proved of a file.
class ProofCache;

/// One look at a source.
struct Look {
  Source source;
  std::optional<std::uint64_t> segment_size;  ///< of the live server
  Timestamp now;
  Deadline deadline;
  std::stop_token stop;
  std::shared_ptr<ProofCache> proofs;
  Fetch fetch{};  ///< nothing: nobody can be asked over HTTPS
};

/// Reads what the source's tool tells. What cannot be read is told in the Reading; back by the deadline,
/// unless a file system hangs.
Reading read_source(const Look& look);

// One a tool.
Reading read_barman(const Look& look);
Reading read_base_backups(const Look& look);
Reading read_cloudnativepg(const Look& look);
Reading read_dumps(const Look& look);
Reading read_pgbackrest(const Look& look);
Reading read_wal_g(const Look& look);

/// What a program or the file in its stead says, at most 64 MiB of it. Programs that end badly and say
/// nothing are an error with what they complained of. A file that nobody has written for three intervals and
/// an hour is one, too.
std::expected<std::string, Error> output_of(const Look& look, const std::vector<std::string>& words);
std::expected<std::string, Error> content_of(const Look& look, const std::string& file);

/// An error as the trouble of a source.
Trouble trouble_of(const Error& error);

}  // namespace pgvigil::backups
