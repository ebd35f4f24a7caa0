#include "collectors/definition.h"

#include "collectors/definition_checks.h"
#include "collectors/keys/collector.h"
#include "collectors/keys/metric.h"
#include "collectors/keys/query.h"
#include "collectors/keys/stages.h"
#include "collectors/toml/document.h"

namespace pgvigil::collectors {
namespace {

/// The keys of the collector come first: they say what those of its queries and metrics mean.
Reading read(Section root, const std::string& file) {
  Reading reading;
  Definition& definition = reading.definition;
  definition.file = file;
  read_collector_keys(root, definition);
  for (Section query : root.sections("query"))
    definition.queries.push_back(read_query(query, reading));
  for (Section metric : root.sections("metric"))
    definition.metrics.push_back(read_metric(metric, reading));
  check_statement_labels(root, definition);
  read_stage_keys(root, definition);
  if (!root.has("query")) root.report_here("missing [[query]]");
  if (!root.has("metric")) root.report_here("missing [[metric]]");
  root.finish();
  return reading;
}

}  // namespace

std::expected<Definition, Diagnostics> parse_definition(std::string_view toml, std::string file) {
  const auto document = TomlDocument::parse(toml, file);
  if (!document) return std::unexpected(Diagnostics{document.error()});
  Diagnostics diagnostics;
  Reading reading = read(document->root(diagnostics), file);
  if (reading.knows_ranges)
    check_whole(reading.definition, [&](std::size_t line, std::string message, std::string hint) {
      diagnostics.push_back({file, line, 1, std::move(message), std::move(hint)});
    });
  if (diagnostics.empty()) return std::move(reading.definition);
  sort_by_place(diagnostics);
  return std::unexpected(std::move(diagnostics));
}

}  // namespace pgvigil::collectors
