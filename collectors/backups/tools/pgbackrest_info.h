#pragma once

#include <expected>
#include <string_view>

#include "collectors/backups/model/backup.h"
#include "collectors/model/error.h"

namespace pgvigil::backups {

/// What `pgbackrest info --output=json` tells of one stanza: pgBackRest 2.32 and later. Its exit status tells
/// nothing, and a repository that it cannot read is told in it as any other. Without `stanza` the only one is
/// taken. An error when the text is no such JSON; a stanza that is not there is a Reading with a trouble.
std::expected<Reading, Error> parse_pgbackrest_info(std::string_view json, std::string_view stanza);

/// What `pgbackrest repo-ls --output=json --recurse archive/STANZA/ID` tells: the files of an archive.
std::expected<WalListing, Error> parse_pgbackrest_listing(std::string_view json);

}  // namespace pgvigil::backups
