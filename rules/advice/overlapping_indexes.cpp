// Indexes that are there twice, or whose searches a longer one answers as well.

#include <algorithm>
#include <map>
#include <tuple>

#include "rules/advice/advisors.h"
#include "rules/advice/overlap.h"
#include "rules/advice/sql.h"
#include "rules/advice/words.h"

namespace pgvigil::rules::advice {
namespace {

using Group = std::vector<IndexDefinition>;

/// The indexes by table and method, each group in the order of the table.
std::vector<Group> by_table(const Look& look) {
  std::map<std::tuple<std::string_view, std::string_view, std::string_view, std::string_view>, Group> groups;
  for (IndexDefinition& index : valid_indexes(look))
    groups[{index.datname, index.schemaname, index.relname, index.method}].push_back(std::move(index));
  std::vector<Group> list;
  for (auto& [table, group] : groups)
    list.push_back(std::move(group));
  return list;
}

bool begins_with(const std::vector<std::string_view>& all, const std::vector<std::string_view>& begin) {
  return std::ranges::mismatch(begin, all).in1 == begin.end();
}

/// The number of the column that a key word begins with; an expression has none.
std::string_view column_of(std::string_view key) {
  return key.substr(0, key.find(':'));
}

/// Whether every column that `index` only carries along is in `cover` too.
bool carries(const IndexDefinition& cover, const IndexDefinition& index) {
  return std::ranges::all_of(index.included, [&](std::string_view column) {
    return std::ranges::find(cover.included, column) != cover.included.end() ||
           std::ranges::find(cover.keys, column, column_of) != cover.keys.end();
  });
}

bool is_duplicate(const IndexDefinition& one, const IndexDefinition& other) {
  return one.keys == other.keys && one.predicate == other.predicate && carries(one, other) &&
         carries(other, one) && one.has("partitioned") == other.has("partitioned");
}

/// Whether `cover` does all that `index` does: what is unique must stay so.
bool replaces(const IndexDefinition& cover, const IndexDefinition& index) {
  if (index.is_needed()) return false;
  if (index.is_unique() && !(cover.is_unique() && cover.keys == index.keys &&
                             cover.has("nulls not distinct") == index.has("nulls not distinct")))
    return false;
  // Only a B-tree is searched by the first of its columns alone as well as by all of them.
  if (index.method != "btree" && cover.keys != index.keys) return false;
  return cover.key != "exclusion" && cover.predicate == index.predicate &&
         begins_with(cover.keys, index.keys) && carries(cover, index) &&
         cover.has("partitioned") == index.has("partitioned");
}

/// Whether of two that can each replace the other `index` is the one to go: the less used, then the later
/// name.
bool goes_first(const IndexDefinition& index, const IndexDefinition& other) {
  return std::tuple(index.scans.value_or(0), other.name) < std::tuple(other.scans.value_or(0), index.name);
}

/// The index for which `index` can go, or null: of several the longest, which itself stays.
const IndexDefinition* cover_of(const Group& group, const IndexDefinition& index) {
  const IndexDefinition* best = nullptr;
  for (const IndexDefinition& other : group) {
    if (&other == &index || !replaces(other, index)) continue;
    if (replaces(index, other) && !goes_first(index, other)) continue;
    if (best == nullptr || other.keys.size() > best->keys.size() ||
        (other.keys.size() == best->keys.size() && replaces(other, *best) &&
         !(replaces(*best, other) && goes_first(other, *best))))
      best = &other;
  }
  return best;
}

Advice make(const Look& look,
            std::string_view kind,
            const IndexDefinition& index,
            const IndexDefinition& cover) {
  Evidence evidence;
  add_index(look, index, evidence);
  add_index(look, cover, evidence);
  const bool is_partitioned = index.has("partitioned");
  Advice advice{
      .id = advice_id(kind, index.object()),
      .kind = std::string(kind),
      .object = index.object(),
      .why = "",
      .evidence = std::move(evidence).finish(look.now),
      .impact = {index.size, Unit::bytes,
                 index.size > 0 ? bytes_words(index.size) + " of disk, and a part of each write"
                                : "A part of each write"},
      .fix = {"DROP INDEX " + std::string(is_partitioned ? "" : "CONCURRENTLY ") +
                  qualified(index.schemaname, index.name) + ";",
              is_partitioned},
      .undo = is_partitioned ? std::string(index.definition) + ";" : create_concurrently(index.definition),
      .confidence = Confidence::high,
      .doubts = {}};
  if (is_partitioned)
    advice.doubts.emplace_back(
        "DROP INDEX of a partitioned table locks all its partitions: it takes no CONCURRENTLY.");
  return advice;
}

}  // namespace

std::vector<Overlap> overlaps(const Look& look) {
  std::vector<Overlap> list;
  for (const Group& group : by_table(look))
    for (const IndexDefinition& index : group)
      if (const IndexDefinition* cover = cover_of(group, index)) list.push_back({index, *cover});
  return list;
}

void advise_duplicate_indexes(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  for (const auto& [index, cover] : overlaps(look)) {
    if (!is_duplicate(index, cover) || index.size < thresholds["min_size"]) continue;
    Advice advice = make(look, "duplicate_index", index, cover);
    advice.why = "It has the same columns, in the same order, as " + std::string(cover.name) +
                 (cover.key == "plain" ? "." : ", which is " + std::string(cover.key) + ".");
    opinion.advice.push_back(std::move(advice));
  }
}

void advise_redundant_indexes(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  for (const auto& [index, cover] : overlaps(look)) {
    if (is_duplicate(index, cover) || index.size < thresholds["min_size"]) continue;
    Advice advice = make(look, "redundant_index", index, cover);
    advice.why = "The index " + std::string(cover.name) +
                 " begins with the same columns, and answers the same searches.";
    const bool is_wide = index.size > 0 && cover.size > thresholds["wide_ratio"] * index.size;
    advice.confidence = is_wide ? Confidence::low : Confidence::medium;
    if (is_wide) {
      advice.fix.needs_thought = true;
      advice.doubts.push_back(std::string(cover.name) + " is " + share_words(cover.size / index.size) +
                              " of its size: scans of many rows will read that much more.");
    }
    opinion.advice.push_back(std::move(advice));
  }
}

}  // namespace pgvigil::rules::advice
