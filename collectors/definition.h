#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/label_filter.h"
#include "collectors/model/diagnostic.h"
#include "collectors/model/table.h"
#include "collectors/server_kind.h"
#include "collectors/version_range.h"

namespace pgvigil::collectors {

/// Where a collector runs: once a server, in each watched database, on a pooler's console, over the files
/// that tell of the host, over what the tools of backup tell, or over what Patroni does.
enum class Scope : std::uint8_t { server, database, pooler, host, backups, patroni };

/// What a run costs the server: docs/collectors.md tells the bound of each class.
enum class Cost : std::uint8_t { low, medium, high };

/// Which servers a query is for.
enum class RoleFilter : std::uint8_t { any, primary, standby };

/// The generation of postgres_exporter whose names and label sets are exported beside pgvigil's own.
/// "0.15" stands for that version and all before it.
enum class Generation : std::uint8_t { v0_20, v0_15, off };

/// How the values of rows with the same labels become one. `none`: the first stays, the others are counted.
enum class Aggregate : std::uint8_t { none, sum, max };

/// How the value of a metric is worked out of its column: see docs/collectors.md.
enum class Derivation : std::uint8_t {
  none,       ///< it is the column
  sampled,    ///< the column times the seconds since the run before, added up
  rate,       ///< how fast the column, a counter, grows a second
  time_left,  ///< how long the column lasts at the rate at which another one, a counter, grows
  lag,        ///< for how long the column, a position, has been behind another one
};

/// What `rate` and `time_left` look at: a counter, which begins anew when it falls, or a level, which may
/// fall.
enum class Grows : std::uint8_t { counter, level };

/// What a gauge reads in the row "other".
enum class OtherRule : std::uint8_t { sum, max, min, none };

/// [top]: which rows are kept when there are more than `rows`, or, without that, than the limit of series
/// allows.
struct TopDefinition {
  std::optional<std::size_t> rows;
  std::vector<std::string> by;   ///< columns of metrics, each a ranking
  std::vector<std::string> per;  ///< labels: each combination of their values has its own "other"
  bool operator==(const TopDefinition&) const = default;
};

/// SQL for some versions, on some role, in some generation of names.
struct QueryDefinition {
  VersionRange versions;
  RoleFilter role = RoleFilter::any;
  VersionRange extension_versions;      ///< of the extension that the collector needs, as pooler_release()
  std::vector<Generation> generations;  ///< empty: in all of them
  std::string sql;                      ///< or what is read of the host: "cpu"
  std::size_t line = 0;                 ///< in the file, for messages

  bool operator==(const QueryDefinition&) const = default;
};

/// What one column of the result is exported as. With `pivot`, `name` is a pattern such as
/// "pg_settings_{name}": each row is a metric of its own, named after a column.
struct MetricDefinition {
  std::string name;
  MetricType type = MetricType::gauge;
  Unit unit = Unit::none;
  std::string help;   ///< a sentence; with `pivot` it may be "{column}"
  std::string value;  ///< the column that holds the number, or an Expression over columns
  std::vector<std::string> labels;
  Derivation derivation = Derivation::none;
  /// Columns that it looks at beside `value`. time_left: the counter. lag: the position to be reached, and
  /// the column that must have changed, if there is one.
  std::vector<std::string> beside;
  std::chrono::milliseconds over{};  ///< for rate and time_left: the window
  Grows grows = Grows::counter;      ///< for rate and time_left
  OtherRule other = OtherRule::sum;
  VersionRange versions;
  std::vector<Generation> generations;  ///< empty: in all of them
  std::size_t line = 0;                 ///< in the file, for messages
  std::vector<LabelFilter> when{};      ///< columns whose text a row must have for this metric
  bool optional = false;                ///< absent where the result lacks a column of `value`
  Aggregate aggregate = Aggregate::none;

  bool operator==(const MetricDefinition&) const = default;
};

/// One collector, as its TOML file says it. See docs/collectors.md for the format.
struct Definition {
  std::string name;
  std::string help;
  std::string file;  ///< where it was read from, for messages
  std::chrono::milliseconds every{15'000};
  std::chrono::milliseconds timeout{5'000};
  Scope scope = Scope::server;
  ServerKind kind = ServerKind::postgres;  ///< what it is for
  RoleFilter role = RoleFilter::any;
  bool enabled = true;
  bool pivot = false;
  std::string needs;                          ///< role without which the query fails ("pg_monitor"), or empty
  std::string wants;                          ///< role without which rows or columns are missing, or empty
  std::string extension;                      ///< extension that must be installed, or empty
  std::string preload;                        ///< library that must be in shared_preload_libraries, or empty
  std::map<std::string, std::string> rename;  ///< columns of the result that have another name here
  std::string skip_when;            ///< column that is true for a row which cannot be measured now, or empty
  std::vector<std::string> source;  ///< the views and functions that it reads, for the documentation
  std::optional<Cost> cost;         ///< nothing: its file does not say
  std::vector<std::string> statement_labels;  ///< labels that hold SQL: normalised, then shortened
  std::optional<TopDefinition> top;
  bool log_changes = false;  ///< a value that is another one than the run before is told in the log
  std::optional<std::chrono::milliseconds>
      publish_every;  ///< of a collector that samples; else each run is published
  std::vector<QueryDefinition> queries;
  std::vector<MetricDefinition> metrics;

  bool operator==(const Definition&) const = default;
};

/// Stands in a query for the schema of the collector's extension, which may be any.
inline constexpr std::string_view k_extension_schema = "{extension_schema}";

/// Parses one definition file wholly. Every mistake is reported; nothing is returned when there is one.
std::expected<Definition, Diagnostics> parse_definition(std::string_view toml, std::string file);

/// The words of definition files for classes of cost, in the order of the enumerators.
inline constexpr std::array<std::string_view, 3> k_cost_words = {"low", "medium", "high"};

/// The words of definition files and of the configuration for generations, in the order of the enumerators.
inline constexpr std::array<std::string_view, 3> k_generation_words = {"0.20", "0.15", "off"};

}  // namespace pgvigil::collectors
