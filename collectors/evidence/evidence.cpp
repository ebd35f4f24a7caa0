#include "collectors/evidence/evidence.h"

#include <algorithm>
#include <utility>

#include "collectors/model/utf8.h"
#include "collectors/plan.h"
#include "collectors/postgres/sql_text.h"

namespace pgvigil::evidence {
namespace {

using postgres::Row;

/// Bytes of a statement that are shown: enough to know it by.
constexpr std::size_t k_most_of_statement = 200;
/// Bytes of any other text: names have 63, an application's name has as many.
constexpr std::size_t k_most_of_text = 120;
constexpr std::string_view k_withheld = "(withheld: not in the grammar of PostgreSQL 15, or cut off)";

class Reader : public postgres::RowHandler {
 public:
  Reader(const Definition& definition, Evidence& into) : definition_(definition), into_(into) {}

  std::expected<void, Error> begin(std::span<const std::string_view> columns) override {
    for (const Column& column : definition_.columns) {
      const auto found = std::ranges::find(columns, column.name);
      if (found == columns.end())
        return std::unexpected(Error{ErrorKind::query, "the result has no column '" + column.name + "'",
                                     "Correct the query or [columns] of " + definition_.asks.file + "."});
      places_.push_back(static_cast<std::size_t>(found - columns.begin()));
    }
    return {};
  }

  void row(const Row& row) override {
    if (into_.rows.size() == definition_.rows) {
      ++into_.left_out;
      return;
    }
    auto& cells = into_.rows.emplace_back();
    for (std::size_t i = 0; i < places_.size(); ++i)
      cells.push_back(cell(row.text(places_[i]), definition_.columns[i].kind));
  }

 private:
  static std::optional<std::string> cell(std::optional<std::string_view> text, ColumnKind kind) {
    if (!text) return std::nullopt;
    if (kind == ColumnKind::application)
      return postgres::shortened(postgres::discreet_name(repaired_utf8(*text)), k_most_of_text);
    if (kind == ColumnKind::statement)
      return postgres::shortened(postgres::normalised(*text).value_or(std::string(k_withheld)),
                                 k_most_of_statement);
    return postgres::shortened(repaired_utf8(*text), k_most_of_text);
  }

  const Definition& definition_;
  Evidence& into_;
  std::vector<std::size_t> places_;
};

std::size_t place_of(const Evidence& evidence, const std::string& column) {
  return static_cast<std::size_t>(std::ranges::find(evidence.columns, column, &Column::name) -
                                  evidence.columns.begin());
}

}  // namespace

void complete(Evidence& seen, const Evidence& by_query, const std::vector<std::string>& by) {
  std::vector<std::pair<std::size_t, std::size_t>> keys;
  for (const std::string& column : by)
    keys.emplace_back(place_of(seen, column), place_of(by_query, column));
  for (auto& row : seen.rows) {
    const auto found = std::ranges::find_if(by_query.rows, [&](const auto& other) {
      return std::ranges::all_of(keys, [&](const auto& key) { return row[key.first] == other[key.second]; });
    });
    if (found == by_query.rows.end()) continue;
    for (std::size_t i = 0; i < by_query.columns.size(); ++i)
      if (auto& cell = row[place_of(seen, by_query.columns[i].name)]; !cell) cell = (*found)[i];
  }
}

Look look(const Definition& definition,
          const postgres::ServerFacts& facts,
          postgres::Connection& session,
          const postgres::Manners& manners,
          Deadline deadline) {
  auto question = collectors::question(definition.asks, facts, collectors::Generation::v0_20);
  if (auto* unsupported = std::get_if<Unsupported>(&question)) return std::move(*unsupported);
  Evidence seen{.name = definition.asks.name, .title = definition.asks.help, .columns = definition.columns};
  Reader reader(definition, seen);
  const auto outcome = session.query(std::get<collectors::Question>(question).sql, manners, deadline, reader);
  if (!outcome) return outcome.error();
  seen.taken_at = std::chrono::system_clock::now();
  return seen;
}

}  // namespace pgvigil::evidence
