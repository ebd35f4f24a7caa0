#pragma once

#include "collectors/backups/source_watch.h"
#include "collectors/text_rows.h"

namespace pgvigil::backups {

/// The verdicts about a source as rows: one a repository, and one for each type, state, slot and finding of
/// it.
void add_verdicts(const SourceWatch& watch, Timestamp now, collectors::TextRows& rows);

}  // namespace pgvigil::backups
