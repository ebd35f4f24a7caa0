#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "rules/advice/advice.h"
#include "rules/advice/evidence.h"
#include "rules/advice/look.h"

namespace pgvigil::rules::advice {

/// An index as the collector index_definitions describes it; the texts are the table's, which must outlive
/// it.
struct IndexDefinition {
  std::string_view datname, schemaname, relname, name;
  std::string_view method;  ///< "btree"
  std::string_view key;     ///< primary, exclusion, unique constraint, unique or plain
  std::vector<std::string_view>
      keys;  ///< a word for each key column: column, operator class, collation, order
  std::vector<std::string_view> included;  ///< the numbers of the columns of INCLUDE
  std::string_view predicate;              ///< of a partial index, else empty
  std::string_view traits;                 ///< what rests on it: "replica identity, foreign key"
  std::string_view definition;             ///< CREATE INDEX ...
  std::optional<std::size_t> use;          ///< its row in the table of the collector indexes
  double size = 0;                         ///< bytes, as of the last vacuum; 0 when it is not known
  std::optional<double> scans;             ///< since the statistics began

  bool has(std::string_view trait) const;
  bool is_unique() const { return key != "plain" && key != "exclusion"; }
  /// Whether DROP INDEX would take something with it or be refused: a constraint, the identity of rows for
  /// logical replication, the order of CLUSTER, a partition's part of an index, a foreign key that refers to
  /// it.
  bool is_needed() const;
  Object object() const;
};

/// The valid indexes of `look`, in the order of the table.
std::vector<IndexDefinition> valid_indexes(const Look& look);

/// A row of evidence: the index, its scans and its size.
void add_index(const Look& look, const IndexDefinition& index, Evidence& evidence);

}  // namespace pgvigil::rules::advice
