#include "collectors/definition.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <system_error>

#include "collectors/definition_checks.h"
#include "collectors/expression.h"
#include "collectors/host/sources.h"
#include "collectors/model/names.h"
#include "collectors/sql_shape.h"
#include "collectors/stages/keys.h"
#include "collectors/toml/document.h"

namespace pgvigil::collectors {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// In the order of the enumerators.
constexpr std::array<std::string_view, 4> k_scope_words = {"server", "database", "pooler", "host"};
constexpr std::array<std::string_view, 3> k_aggregate_words = {"none", "sum", "max"};
constexpr std::array<std::string_view, 3> k_role_words = {"any", "primary", "standby"};
constexpr std::array<std::string_view, 3> k_type_words = {"gauge", "counter", "untyped"};

/// In the order of the enumerators from Unit::seconds on.
constexpr std::array<std::string_view, 6> k_unit_words = {"seconds", "milliseconds", "bytes",
                                                          "blocks",  "transactions", "ratio"};

/// The predefined roles that let a session read more (PostgreSQL 18, "Predefined Roles").
constexpr std::array<std::string_view, 7> k_predefined_roles = {
    "pg_monitor",       "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables",
    "pg_read_all_data", "pg_read_server_files", "pg_signal_backend"};

/// Shorter help says no more than the name does.
constexpr std::size_t k_least_help = 15;

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

/// The TOML of one definition. Mistakes go to the sections' diagnostics.
class Reader {
 public:
  Reader(const Diagnostics& diagnostics, std::string file) : diagnostics_(diagnostics) {
    definition_.file = std::move(file);
  }

  Definition read(Section root) {
    read_top(root);
    read_kind(root);
    for (Section query : root.sections("query"))
      definition_.queries.push_back(read_query(query));
    for (Section metric : root.sections("metric"))
      definition_.metrics.push_back(read_metric(metric));
    check_statement_labels(root);
    read_stage_keys(root, definition_);
    if (!root.has("query")) root.report_here("missing [[query]]");
    if (!root.has("metric")) root.report_here("missing [[metric]]");
    root.finish();
    return std::move(definition_);
  }

  /// Whether all versions, roles and generations were understood: only then do they say what overlaps.
  bool knows_ranges() const { return knows_ranges_; }

 private:
  /// For which servers, and in which generation of names, a query or metric is.
  template <typename Part>
  void read_range(Section& section, Part& part) {
    const std::size_t mistakes = diagnostics_.size();
    part.line = section.line();
    part.versions = read_versions(section);
    part.generations = read_generations(section);
    if constexpr (requires { part.role; }) part.role = read_role(section);
    if (diagnostics_.size() > mistakes) knows_ranges_ = false;
  }

  void read_top(Section& root) {
    if (root.require("name")) definition_.name = root.string("name").value_or("");
    if (root.has("name") && !definition_.name.empty() && !is_name(definition_.name))
      root.report("name", "bad collector name '" + definition_.name + "'",
                  "A collector's name has lower-case letters, digits and '_' and begins with a letter.");
    if (root.require("help")) definition_.help = root.string("help").value_or("");
    refuse_empty(root, {"name", "help", "needs", "wants", "extension", "skip_when"});
    definition_.every = root.duration("every", k_least_interval).value_or(definition_.every);
    definition_.timeout = root.duration("timeout", k_least_timeout).value_or(definition_.timeout);
    if (const auto word = root.choice("scope", k_scope_words))
      definition_.scope = Scope{static_cast<std::uint8_t>(*word)};
    definition_.role = read_role(root);
    definition_.enabled = root.boolean("enabled").value_or(true);
    definition_.pivot = root.boolean("pivot").value_or(false);
    if (const auto word = root.choice("needs", k_predefined_roles))
      definition_.needs = k_predefined_roles[*word];
    if (const auto word = root.choice("wants", k_predefined_roles))
      definition_.wants = k_predefined_roles[*word];
    definition_.extension = root.string("extension").value_or("");
    definition_.skip_when = root.string("skip_when").value_or("");
    definition_.statement_labels = root.strings("statement_labels").value_or(std::vector<std::string>{});
    read_rename(root);
    read_source_and_cost(root);
  }

  void check_statement_labels(Section& root) const {
    std::vector<std::string_view> labels;
    for (const MetricDefinition& metric : definition_.metrics)
      labels.insert(labels.end(), metric.labels.begin(), metric.labels.end());
    for (std::size_t i = 0; i < definition_.statement_labels.size(); ++i) {
      const std::string& label = definition_.statement_labels[i];
      if (std::ranges::find(labels, label) != labels.end()) continue;
      const std::string_view near = nearest(label, labels);
      root.report_element("statement_labels", i, "no metric has a label '" + label + "'",
                          near.empty() ? "" : "Did you mean '" + std::string(near) + "'?");
    }
  }

  void read_source_and_cost(Section& root) {
    definition_.source = root.strings("source").value_or(std::vector<std::string>{});
    for (std::size_t i = 0; i < definition_.source.size(); ++i)
      if (definition_.source[i].empty()) root.report_element("source", i, "an empty name");
    const auto word = root.choice("cost", k_cost_words);
    if (!word) return;
    definition_.cost = Cost{static_cast<std::uint8_t>(*word)};
    const seconds least = k_least_interval_by_cost[*word];
    if (definition_.every < least)
      root.report("cost",
                  "a collector of cost '" + std::string(k_cost_words[*word]) + "' runs every " +
                      std::to_string(least.count()) + "s at the most",
                  "Write a longer 'every'.");
  }

  void read_rename(Section& root) {
    auto rename = root.section("rename");
    if (!rename) return;
    for (const auto& [column, name] : rename->string_map())
      if (name.empty())
        rename->report(column, "'" + column + "' is renamed to nothing");
      else
        definition_.rename.emplace(column, name);
    rename->finish();
  }

  /// What the collector is for; keys that mean nothing there are refused.
  void read_kind(Section& root) {
    const bool on_pooler = definition_.scope == Scope::pooler;
    if (on_pooler) {
      root.require("pooler");
      if (const auto word = root.choice("pooler", k_pooler_words)) definition_.kind = pooler_of_word(*word);
    } else if (root.has("pooler")) {
      root.know("pooler");
      root.report("pooler", "'pooler' is for a collector with scope = \"pooler\"");
    }
    if (definition_.scope == Scope::host) definition_.kind = ServerKind::host;
    if (definition_.kind == ServerKind::postgres && !on_pooler) return;
    for (const std::string_view key : {"role", "needs", "wants", "extension"})
      if (root.has(key)) root.report(key, "'" + std::string(key) + "' is for a collector on Postgres");
  }

  /// Where the rows come from: `sql`, of a pooler's console a SHOW; of the host a name.
  void read_source(Section& section, QueryDefinition& query) {
    if (definition_.scope == Scope::host) {
      if (section.require("read"))
        if (const auto word = section.choice("read", host::k_source_words))
          query.sql = host::k_source_words[*word];
      return;
    }
    read_sql(section, query);
    if (definition_.scope != Scope::pooler || query.sql.empty()) return;
    const auto is_space = [](char c) { return c == ' ' || c == '\n'; };
    const std::string word = query.sql.substr(
        0, static_cast<std::size_t>(std::ranges::find_if(query.sql, is_space) - query.sql.begin()));
    if (word != "SHOW" && word != "show")
      section.report_within("sql", 0, "a console is only asked to SHOW",
                            "Write the command as it is typed there: \"SHOW POOLS\".");
  }

  QueryDefinition read_query(Section& section) {
    QueryDefinition query;
    read_range(section, query);
    read_extension_versions(section, query);
    read_source(section, query);
    section.finish();
    return query;
  }

  void read_extension_versions(Section& section, QueryDefinition& query) {
    const auto text = section.string("extension_versions");
    if (!text) return;
    // Written as the versions of a pooler are: 1.9 comes before 1.10.
    const auto versions = parse_versions(*text, ServerKind::pgbouncer);
    if (!versions) {
      section.report("extension_versions", "bad versions '" + *text + "'",
                     "Write versions of the extension: \"1.9-\", \"1.8-1.10\" or \"1.12\".");
      knows_ranges_ = false;
    } else if (definition_.extension.empty()) {
      section.report("extension_versions", "the collector names no extension",
                     "Write extension = \"...\" above the first [[query]].");
    }
    query.extension_versions = versions.value_or(VersionRange{});
  }

  void read_sql(Section& section, QueryDefinition& query) {
    if (section.require("sql"))
      if (auto sql = section.string("sql")) {
        query.sql = std::move(*sql);
        if (const auto at = query.sql.find(k_extension_schema); at != std::string::npos && definition_.extension.empty())
          section.report_within("sql", at, "the collector names no extension whose schema this could be",
                                "Write extension = \"...\" above the first [[query]].");
        if (const auto checked = check_sql_shape(query.sql); !checked)
          section.report_within("sql", checked.error().offset, checked.error().message, checked.error().hint);
      }
  }

  MetricDefinition read_metric(Section& section) {
    MetricDefinition metric;
    read_range(section, metric);
    if (section.require("name")) metric.name = section.string("name").value_or("");
    if (section.require("type"))
      if (const auto word = section.choice("type", k_type_words))
        metric.type = MetricType{static_cast<std::uint8_t>(*word)};
    if (const auto word = section.choice("unit", k_unit_words))
      metric.unit = *parse_unit(k_unit_words[*word]);
    if (section.require("help")) metric.help = section.string("help").value_or("");
    read_value_keys(section, metric);
    read_rows(section, metric);
    metric.labels = section.strings("labels").value_or(std::vector<std::string>{});
    refuse_empty(section, {"name", "help"});
    check_name(section, metric);
    check_help(section, metric);
    check_labels(section, metric);
    section.finish();
    return metric;
  }

  /// Which rows a metric is of, and what becomes of several.
  void read_rows(Section& section, MetricDefinition& metric) {
    metric.optional = section.boolean("optional").value_or(false);
    if (auto when = section.section("when")) {
      for (const auto& [column, glob] : when->string_map()) {
        const bool excludes = glob.starts_with('!');
        (excludes ? metric.when.emplace_back(column).exclude : metric.when.emplace_back(column).include)
            .push_back(glob.substr(excludes ? 1 : 0));
      }
      when->finish();
    }
    if (const auto word = section.choice("aggregate", k_aggregate_words))
      metric.aggregate = Aggregate{static_cast<std::uint8_t>(*word)};
    if (definition_.pivot && metric.aggregate != Aggregate::none)
      section.report("aggregate", "a pivot's rows are metrics: there is nothing to aggregate");
  }

  static RoleFilter read_role(Section& section) {
    const auto word = section.choice("role", k_role_words);
    return word ? RoleFilter{static_cast<std::uint8_t>(*word)} : RoleFilter::any;
  }

  VersionRange read_versions(Section& section) const {
    const auto text = section.string("versions");
    if (!text) return {};
    if (const auto versions = parse_versions(*text, definition_.kind)) return *versions;
    section.report("versions", "bad versions '" + *text + "'",
                   is_pooler(definition_.kind)
                       ? "Write the pooler's versions: \"1.23-\", \"1.18-1.22\" or \"1.24\"."
                       : "Write major versions: \"13-\", \"13-16\" or \"17\".");
    return {};
  }

  static std::vector<Generation> read_generations(Section& section) {
    std::vector<Generation> generations;
    for (const std::size_t word :
         section.choices("compatibility", k_generation_words).value_or(std::vector<std::size_t>{}))
      generations.push_back(Generation{static_cast<std::uint8_t>(word)});
    return generations;
  }

  static void refuse_empty(Section& section, std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys)
      if (const auto text = section.peek(key); text && text->empty())
        section.report(key, "'" + std::string(key) + "' is empty");
  }

  void check_name(Section& section, const MetricDefinition& metric) const {
    if (metric.name.empty()) return;
    const auto columns = columns_of_pattern(metric.name);
    if (!columns)
      return section.report("name", "bad pattern '" + metric.name + "'",
                            "A column's name stands in braces: \"pg_settings_{name}\".");
    if (!definition_.pivot && !columns->empty())
      return section.report("name", "'" + metric.name + "' is a pattern and the collector has no pivot",
                            "Write pivot = true above the first [[query]].");
    if (definition_.pivot && columns->empty())
      return section.report(
          "name", "'" + metric.name + "' names no column and the collector has pivot = true",
          "Each row is a metric of its own: put a column into the name, as \"pg_settings_{name}\".");
    std::string fixed = metric.name;
    std::erase_if(fixed, [](char c) { return c == '{' || c == '}'; });
    if (const auto name = MetricName::parse(fixed); !name)
      return section.report("name", "bad metric name '" + metric.name + "'", name.error().hint);
    if (const std::string mistake = naming_mistake(metric); !mistake.empty()) section.report("name", mistake);
  }

  void check_help(Section& section, const MetricDefinition& metric) const {
    if (metric.help.empty()) return;
    if (definition_.pivot) {
      const auto columns = columns_of_pattern(metric.help);
      if (!columns)
        return section.report(
            "help", "bad pattern in the help of '" + metric.name + "'",
            "A column's name stands in braces: \"Server parameter {name}, from pg_settings.\"");
      const bool is_column = columns->size() == 1 && metric.help == "{" + columns->front() + "}";
      if (is_column) return;
    }
    if (metric.help.contains('\n')) return section.report("help", "help has more than one line");
    if (metric.help.size() < k_least_help || !metric.help.ends_with('.'))
      section.report("help", "help of '" + metric.name + "' is not a sentence",
                     "Say what is counted and from which view, in at least " + std::to_string(k_least_help) +
                         " characters, and end it with a full stop.");
  }

  static void check_labels(Section& section, const MetricDefinition& metric) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < metric.labels.size(); ++i) {
      const std::string& label = metric.labels[i];
      if (const auto name = LabelName::parse(label); !name)
        section.report_element("labels", i, name.error().message, name.error().hint);
      if (!seen.insert(label).second)
        section.report_element("labels", i, "label '" + label + "' stands twice");
      if (is_column_of(metric.value, label))
        section.report_element("labels", i, "column '" + label + "' is the value and a label",
                               "A label that changes with the value makes a new series each time.");
    }
  }

  static bool is_column_of(const std::string& value, const std::string& label) {
    const auto expression = Expression::parse(value);
    return expression && std::ranges::find(expression->columns(), label) != expression->columns().end();
  }

  const Diagnostics& diagnostics_;  // that the sections add to
  Definition definition_;
  bool knows_ranges_ = true;
};

}  // namespace

std::expected<Definition, Diagnostics> parse_definition(std::string_view toml, std::string file) {
  const auto document = TomlDocument::parse(toml, file);
  if (!document) return std::unexpected(Diagnostics{document.error()});
  Diagnostics diagnostics;
  Reader reader(diagnostics, file);
  Definition definition = reader.read(document->root(diagnostics));
  if (reader.knows_ranges())
    check_whole(definition, [&](std::size_t line, std::string message, std::string hint) {
      diagnostics.push_back({file, line, 1, std::move(message), std::move(hint)});
    });
  if (diagnostics.empty()) return definition;
  sort_by_place(diagnostics);
  return std::unexpected(std::move(diagnostics));
}

std::optional<VersionRange> parse_versions(std::string_view text, ServerKind kind) {
  const auto number = [](std::string_view digits) -> std::optional<int> {
    int read = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), read);
    if (fault != std::errc{} || end != digits.data() + digits.size() || read < 0 || read > 99)
      return std::nullopt;
    return read;
  };
  const auto release = [&](std::string_view word) -> std::optional<int> {
    const std::size_t dot = word.find('.');
    const auto major = number(word.substr(0, dot));
    if (!major || *major < 1) return std::nullopt;
    if (!is_pooler(kind)) return dot == std::string_view::npos ? major : std::nullopt;
    if (dot == std::string_view::npos || *major > 9) return std::nullopt;
    const auto minor = number(word.substr(dot + 1));
    return minor ? std::optional(pooler_release(*major, *minor)) : std::nullopt;
  };
  const std::size_t dash = text.find('-');
  const auto first = release(text.substr(0, dash));
  if (!first) return std::nullopt;
  if (dash == std::string_view::npos) return VersionRange{*first, *first};
  if (dash + 1 == text.size()) return VersionRange{*first, VersionRange{}.last};
  const auto last = release(text.substr(dash + 1));
  if (!last || *last < *first) return std::nullopt;
  return VersionRange{*first, *last};
}

}  // namespace pgvigil::collectors
