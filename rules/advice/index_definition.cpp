#include "rules/advice/index_definition.h"

#include <algorithm>
#include <array>

namespace pgvigil::rules::advice {
namespace {

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

/// What the collector indexes knows of each.
class Uses {
 public:
  explicit Uses(const Table& table)
      : rows_(table, {"datname", "schemaname", "relname", "indexrelname"}),
        size_(table, "pgvigil_index_estimated_size_bytes"),
        scans_(table, "pgvigil_index_scans_total") {}

  void fill(IndexDefinition& index) const {
    index.use = rows_.find({index.datname, index.schemaname, index.relname, index.name});
    if (!index.use) return;
    index.size = size_(*index.use).value_or(0);
    index.scans = scans_(*index.use);
  }

 private:
  RowFinder rows_;
  ValueColumn size_;
  ValueColumn scans_;
};

}  // namespace

bool IndexDefinition::has(std::string_view trait) const {
  for (std::string_view rest = traits; !rest.empty();) {
    const std::size_t end = std::min(rest.find(", "), rest.size());
    if (rest.substr(0, end) == trait) return true;
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  return false;
}

bool IndexDefinition::is_needed() const {
  constexpr std::array<std::string_view, 4> k_needs = {"replica identity", "clustered", "referenced",
                                                       "of a partition"};
  return (key != "plain" && key != "unique") ||
         std::ranges::any_of(k_needs, [&](auto trait) { return has(trait); });
}

Object IndexDefinition::object() const {
  return {std::string(datname), std::string(schemaname), std::string(relname), std::string(name)};
}

std::vector<IndexDefinition> valid_indexes(const Look& look) {
  const Table* table = look.table("index_definitions");
  if (table == nullptr) return {};
  const auto label = [&](std::string_view name) { return LabelColumn(*table, name); };
  const LabelColumn datname = label("datname"), schemaname = label("schemaname"), relname = label("relname"),
                    name = label("indexrelname"), method = label("method"), key = label("key"),
                    keys = label("keys"), included = label("included"), predicate = label("predicate"),
                    traits = label("traits"), definition = label("definition");
  std::optional<Uses> uses;
  if (const Table* use = look.table("indexes")) uses.emplace(*use);
  std::vector<IndexDefinition> indexes;
  for (std::size_t row = 0; row < table->rows(); ++row) {
    IndexDefinition index;
    index.datname = datname(row);
    index.schemaname = schemaname(row);
    index.relname = relname(row);
    index.name = name(row);
    index.method = method(row);
    index.key = key(row);
    index.keys = words_of(keys(row));
    index.included = words_of(included(row));
    index.predicate = predicate(row);
    index.traits = traits(row);
    index.definition = definition(row);
    if (index.has("invalid")) continue;
    if (uses) uses->fill(index);
    indexes.push_back(std::move(index));
  }
  return indexes;
}

void add_index(const Look& look, const IndexDefinition& index, Evidence& evidence) {
  evidence.row({{"datname", index.datname},
                {"schemaname", index.schemaname},
                {"relname", index.relname},
                {"indexrelname", index.name}});
  if (index.use)
    evidence.take(*look.table("indexes"), *index.use,
                  {"pgvigil_index_scans_total", "pgvigil_index_last_scan_timestamp_seconds",
                   "pgvigil_index_estimated_size_bytes"});
}

}  // namespace pgvigil::rules::advice
