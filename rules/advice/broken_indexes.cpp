// Indexes that cost and do not serve: invalid ones, and bloated ones.

#include <optional>

#include "rules/advice/advisors.h"
#include "rules/advice/evidence.h"
#include "rules/advice/index_definition.h"
#include "rules/advice/sql.h"
#include "rules/advice/words.h"

namespace pgvigil::rules::advice {
namespace {

/// What the collector index_definitions says of an index, valid or not.
class Definitions {
 public:
  explicit Definitions(const Look& look) : table_(look.table("index_definitions")) {
    if (table_ != nullptr)
      rows_.emplace(*table_, std::vector<std::string_view>{"datname", "schemaname", "indexrelname"});
  }
  /// A label of the index, or empty.
  std::string_view label(const Object& object, std::string_view name) const {
    const auto row = rows_ ? rows_->find({object.datname, object.schemaname, object.name}) : std::nullopt;
    return row ? LabelColumn(*table_, name)(*row) : std::string_view{};
  }

 private:
  const Table* table_;
  std::optional<RowFinder> rows_;
};

/// Whether REINDEX CONCURRENTLY was interrupted and left `name` behind: a copy that was not finished
/// (_ccnew), or the old one (_ccold); a number follows when there were several (ChooseRelationName() of
/// src/backend/commands/indexcmds.c).
bool is_leftover(std::string_view name) {
  const std::size_t last = name.find_last_not_of("0123456789");
  const std::string_view stem = name.substr(0, last == std::string_view::npos ? 0 : last + 1);
  return stem.ends_with("_ccnew") || stem.ends_with("_ccold");
}

void mend_invalid(const Definitions& definitions, Advice& advice) {
  const std::string name = qualified(advice.object.schemaname, advice.object.name);
  const std::string definition(definitions.label(advice.object, "definition"));
  if (definitions.label(advice.object, "traits").find("partitioned") != std::string_view::npos) {
    advice.fix = {"-- Give each partition that has none an index like it, then\n-- ALTER INDEX " + name +
                      " ATTACH PARTITION ...; it is valid once all are attached.",
                  true};
    advice.undo = "-- nothing to undo";
  } else if (is_leftover(advice.object.name)) {
    advice.why +=
        " REINDEX CONCURRENTLY left it behind when it was interrupted; the index that it was to replace is "
        "there.";
    advice.fix = {"DROP INDEX CONCURRENTLY " + name + ";"};
    advice.undo = "-- nothing to undo: no query could use it";
  } else {
    advice.fix = {"REINDEX INDEX CONCURRENTLY " + name +
                  ";\n-- or, if nobody needs it: DROP INDEX CONCURRENTLY " + name + ";"};
    advice.undo =
        definition.empty() ? "-- nothing to undo" : "-- after a DROP: " + create_concurrently(definition);
  }
}

}  // namespace

void advise_invalid_indexes(const Look& look, const Thresholds&, Opinion& opinion) {
  const Table& table = *look.table("invalid_indexes");
  const Definitions definitions(look);
  const LabelColumn datname(table, "datname"), schemaname(table, "schemaname"), relname(table, "relname"),
      name(table, "indexrelname"), state(table, "state");
  const ValueColumn is_invalid(table, "pgvigil_index_invalid");
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (!is_invalid(row)) continue;
    Evidence evidence;
    evidence.row({{"datname", datname(row)},
                  {"schemaname", schemaname(row)},
                  {"relname", relname(row)},
                  {"indexrelname", name(row)},
                  {"state", state(row)}});
    evidence.take(table, row, {"pgvigil_index_invalid"});
    const Object object{std::string(datname(row)), std::string(schemaname(row)), std::string(relname(row)),
                        std::string(name(row))};
    Advice advice{
        .id = advice_id("invalid_index", object),
        .kind = "invalid_index",
        .object = object,
        .why = "It is " + std::string(state(row)) + ": no query may use it, and nobody is building it.",
        .evidence = std::move(evidence).finish(look.now),
        .impact = {1, Unit::none, "Every write of the table pays for it, for nothing"},
        .fix = {},
        .undo = "",
        .confidence = Confidence::high,
        .doubts = {}};
    mend_invalid(definitions, advice);
    opinion.advice.push_back(std::move(advice));
  }
}

void advise_bloated_indexes(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  const Table& table = *look.table("index_bloat");
  const Definitions definitions(look);
  const LabelColumn datname(table, "datname"), schemaname(table, "schemaname"), relname(table, "relname"),
      name(table, "indexrelname");
  const ValueColumn bloat(table, "pgvigil_index_bloat_bytes"), ratio(table, "pgvigil_index_bloat_ratio");
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const double waste = bloat(row).value_or(0);
    const double share = ratio(row).value_or(0);
    if (waste < thresholds["min_bloat"] || share < thresholds["min_ratio"]) continue;
    const Object object{std::string(datname(row)), std::string(schemaname(row)), std::string(relname(row)),
                        std::string(name(row))};
    Evidence evidence;
    evidence.row({{"datname", datname(row)},
                  {"schemaname", schemaname(row)},
                  {"relname", relname(row)},
                  {"indexrelname", name(row)}});
    evidence.take(table, row, {"pgvigil_index_bloat_bytes", "pgvigil_index_bloat_ratio"});
    const bool excludes = definitions.label(object, "key") == "exclusion";
    Advice advice{
        .id = advice_id("bloated_index", object),
        .kind = "bloated_index",
        .object = object,
        .why = "Its entries need " + bytes_words(waste / share - waste) + " of the " +
               bytes_words(waste / share) + " that it has.",
        .evidence = std::move(evidence).finish(look.now),
        .impact = {waste, Unit::bytes, bytes_words(waste) + " of disk and of cache"},
        .fix = {"REINDEX INDEX " + std::string(excludes ? "" : "CONCURRENTLY ") +
                    qualified(object.schemaname, object.name) + ";",
                excludes},
        .undo = "-- nothing to undo: it is the same index",
        .confidence = Confidence::medium,
        .doubts = {
            "The need is estimated from what ANALYZE found; both copies are on disk while it is built."}};
    if (excludes)
      advice.doubts.emplace_back(
          "REINDEX takes no CONCURRENTLY for an exclusion constraint: writes wait meanwhile.");
    opinion.advice.push_back(std::move(advice));
  }
}

}  // namespace pgvigil::rules::advice
