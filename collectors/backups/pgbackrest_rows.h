#pragma once

#include "collectors/backups/model/backup.h"
#include "collectors/text_rows.h"

namespace pgvigil::backups {

/// What pgbackrest_exporter 0.23 exports of a stanza, as rows: of the stanza, its repositories, archives and
/// backups, and of the last backup of each type.
void add_pgbackrest(const Reading& reading, Timestamp now, collectors::TextRows& rows);

}  // namespace pgvigil::backups
