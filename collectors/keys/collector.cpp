#include "collectors/keys/collector.h"

#include <algorithm>

#include "collectors/keys/range.h"

namespace pgvigil::collectors {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<std::string_view, 6> k_scope_words = {"server",  "database", "pooler", "host",
                                                           "backups", "patroni"};  // as the enumerators

/// The predefined roles that let a session read more (PostgreSQL 18, "Predefined Roles").
constexpr std::array<std::string_view, 7> k_predefined_roles = {
    "pg_monitor",       "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables",
    "pg_read_all_data", "pg_read_server_files", "pg_signal_backend"};

/// A collector must not become the load that it measures.
constexpr seconds k_least_interval{1};

/// The least interval of a class of cost, in the order of the enumerators: what keeps the share of a server's
/// time that a collector takes below some thousandths.
constexpr std::array<seconds, 3> k_least_interval_by_cost = {seconds{1}, seconds{30}, seconds{300}};
constexpr milliseconds k_least_timeout{10};

bool is_name(std::string_view text) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto may_stand = [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && lower(text.front()) && std::ranges::all_of(text, may_stand);
}

void read_top(Section& root, Definition& definition) {
  if (root.require("name")) definition.name = root.string("name").value_or("");
  if (root.has("name") && !definition.name.empty() && !is_name(definition.name))
    root.report("name", "bad collector name '" + definition.name + "'",
                "A collector's name has lower-case letters, digits and '_' and begins with a letter.");
  if (root.require("help")) definition.help = root.string("help").value_or("");
  refuse_empty(root, {"name", "help", "needs", "wants", "extension", "preload", "skip_when"});
  definition.every = root.duration("every", k_least_interval).value_or(definition.every);
  definition.timeout = root.duration("timeout", k_least_timeout).value_or(definition.timeout);
  if (const auto word = root.choice("scope", k_scope_words))
    definition.scope = Scope{static_cast<std::uint8_t>(*word)};
  definition.role = read_role(root);
  definition.enabled = root.boolean("enabled").value_or(true);
  definition.pivot = root.boolean("pivot").value_or(false);
  definition.log_changes = root.boolean("log_changes").value_or(false);
  if (const auto word = root.choice("needs", k_predefined_roles))
    definition.needs = k_predefined_roles[*word];
  if (const auto word = root.choice("wants", k_predefined_roles))
    definition.wants = k_predefined_roles[*word];
  definition.extension = root.string("extension").value_or("");
  definition.preload = root.string("preload").value_or("");
  definition.skip_when = root.string("skip_when").value_or("");
  definition.statement_labels = root.strings("statement_labels").value_or(std::vector<std::string>{});
}

void read_rename(Section& root, Definition& definition) {
  auto rename = root.section("rename");
  if (!rename) return;
  for (const auto& [column, name] : rename->string_map())
    if (name.empty())
      rename->report(column, "'" + column + "' is renamed to nothing");
    else
      definition.rename.emplace(column, name);
  rename->finish();
}

void read_source_and_cost(Section& root, Definition& definition) {
  definition.source = root.strings("source").value_or(std::vector<std::string>{});
  for (std::size_t i = 0; i < definition.source.size(); ++i)
    if (definition.source[i].empty()) root.report_element("source", i, "an empty name");
  const auto word = root.choice("cost", k_cost_words);
  if (!word) return;
  definition.cost = Cost{static_cast<std::uint8_t>(*word)};
  const seconds least = k_least_interval_by_cost[*word];
  if (definition.every < least)
    root.report("cost",
                "a collector of cost '" + std::string(k_cost_words[*word]) + "' runs every " +
                    std::to_string(least.count()) + "s at the most",
                "Write a longer 'every'.");
}

/// What the collector is for; keys that mean nothing there are refused.
void read_kind(Section& root, Definition& definition) {
  const bool on_pooler = definition.scope == Scope::pooler;
  if (on_pooler) {
    root.require("pooler");
    if (const auto word = root.choice("pooler", k_pooler_words)) definition.kind = pooler_of_word(*word);
  } else if (root.has("pooler")) {
    root.know("pooler");
    root.report("pooler", "'pooler' is for a collector with scope = \"pooler\"");
  }
  if (definition.scope == Scope::host) definition.kind = ServerKind::host;
  if (definition.scope == Scope::backups) definition.kind = ServerKind::backups;
  if (definition.scope == Scope::patroni) definition.kind = ServerKind::patroni;
  if (definition.kind == ServerKind::postgres && !on_pooler) return;
  for (const std::string_view key : {"role", "needs", "wants", "extension", "preload"})
    if (root.has(key)) root.report(key, "'" + std::string(key) + "' is for a collector on Postgres");
}

}  // namespace

void read_collector_keys(Section& root, Definition& definition) {
  read_top(root, definition);
  read_rename(root, definition);
  read_source_and_cost(root, definition);
  read_kind(root, definition);
}

void check_statement_labels(Section& root, const Definition& definition) {
  std::vector<std::string_view> labels;
  for (const MetricDefinition& metric : definition.metrics)
    labels.insert(labels.end(), metric.labels.begin(), metric.labels.end());
  for (std::size_t i = 0; i < definition.statement_labels.size(); ++i) {
    const std::string& label = definition.statement_labels[i];
    if (std::ranges::find(labels, label) != labels.end()) continue;
    const std::string_view near = nearest(label, labels);
    root.report_element("statement_labels", i, "no metric has a label '" + label + "'",
                        near.empty() ? "" : "Did you mean '" + std::string(near) + "'?");
  }
}

}  // namespace pgvigil::collectors
