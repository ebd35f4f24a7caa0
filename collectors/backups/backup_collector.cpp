#include "collectors/backups/backup_collector.h"

#include <algorithm>

#include "collectors/backups/pgbackrest_rows.h"
#include "collectors/backups/verdict_rows.h"

namespace pgvigil::backups {
namespace {

/// The definition was validated: the word is one of them.
Rows rows_of(std::string_view word) {
  return static_cast<Rows>(std::ranges::find(k_source_words, word) - k_source_words.begin());
}

/// Whatever the definition wants is a column, also when nothing of the kind is known.
void declare_columns(const collectors::Plan& plan, collectors::TextRows& rows) {
  for (const collectors::Expression& value : plan.values)
    for (const std::string& column : value.columns())
      rows.declare(column);
  for (const collectors::MetricDefinition* metric : plan.metrics)
    for (const std::string& label : metric->labels)
      rows.declare(label);
}

}  // namespace

BackupCollector::BackupCollector(const Watched& watched, const Fetch& fetch) {
  for (const Source& source : watched.sources)
    sources_.push_back(std::make_unique<SourceWatch>(source, watched.server, fetch));
}

BackupCollector::~BackupCollector() = default;

Outcome BackupCollector::collect(const collectors::Plan& plan,
                                 const collectors::CollectLimits& limits,
                                 Deadline deadline,
                                 const std::stop_token& stop) {
  const auto now = std::chrono::system_clock::now();
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    // Each has its share of the time that is left: one that hangs leaves some to the others.
    const auto left = deadline - Deadline::clock::now();
    sources_[i]->look(now, Deadline::clock::now() + left / static_cast<int>(sources_.size() - i), stop);
  }
  if (stop.stop_requested()) return Error{ErrorKind::interrupted, "pgvigil is stopping"};
  const bool of_pgbackrest = rows_of(plan.query->sql) == Rows::pgbackrest;
  collectors::TextRows rows;
  for (const auto& watch : sources_) {
    if (!of_pgbackrest)
      add_verdicts(*watch, now, rows);
    else if (watch->source().tool == Tool::pgbackrest)
      add_pgbackrest(watch->reading(), now, rows);
  }
  if (rows.size() == 0)
    return Unsupported{"none of [[backup]] is of pgBackRest", "Name one: tool = \"pgbackrest\"."};
  declare_columns(plan, rows);
  const auto made = collectors::make_rows(plan, limits);
  if (const auto given = rows.give(*made); !given) return given.error();
  if (made->fault()) return *made->fault();
  return made->finish(now);
}

}  // namespace pgvigil::backups
