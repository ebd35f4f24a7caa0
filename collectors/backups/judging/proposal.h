#pragma once

#include <string>
#include <vector>

#include "collectors/backups/model/backup.h"

namespace pgvigil::backups {

/// The schedule that the last backups look as if they followed, "0 2 * * *", to be written into a policy:
/// every week, every day, or every so many hours, in UTC. Eight in ten of them began within half an hour
/// after it; empty where there is none.
std::string proposed_schedule(const std::vector<Backup>& backups);

}  // namespace pgvigil::backups
