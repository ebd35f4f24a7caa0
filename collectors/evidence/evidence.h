#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "collectors/evidence/definition.h"
#include "collectors/model/error.h"
#include "collectors/model/outcome.h"
#include "collectors/model/units.h"
#include "collectors/postgres/connection.h"
#include "collectors/postgres/server_facts.h"

namespace pgvigil::evidence {

/// What one look showed. Values are the server's own texts (seconds and bytes as plain numbers), NULL is
/// nothing. Holds no literal of any statement.
struct Evidence {
  std::string name;
  std::string title;
  std::vector<Column> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
  std::size_t left_out = 0;  ///< rows beyond those shown
  Timestamp taken_at;
  std::string remark = {};  ///< what is to be known of the rows: a sentence

  bool operator==(const Evidence&) const = default;
};

using Look = std::variant<Evidence, Unsupported, Error>;

/// Gives rows of what was collected what a query of the server knows of them: cells that are nothing, by rows
/// that have the same texts in the columns `by`.
void complete(Evidence& seen, const Evidence& by_query, const std::vector<std::string>& by);

/// Looks once, by `deadline`: the session must be in the database that the evidence is about, when its scope
/// is one. Error `query` when the result lacks a column.
Look look(const Definition& definition,
          const postgres::ServerFacts& facts,
          postgres::Connection& session,
          const postgres::Manners& manners,
          Deadline deadline);

}  // namespace pgvigil::evidence
