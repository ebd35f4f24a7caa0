#pragma once

#include "collectors/backups/tools/fetch.h"

namespace pgvigil::agent {

/// Asks by libcurl. Each copy is for one thread at a time.
backups::Fetch backup_fetch();

}  // namespace pgvigil::agent
