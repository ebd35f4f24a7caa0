// Parameters that this server's own numbers, or what it is to keep safe, speak against.

#include <array>
#include <optional>

#include "rules/advice/advisors.h"
#include "rules/advice/evidence.h"
#include "rules/advice/sql.h"
#include "rules/advice/words.h"

namespace pgvigil::rules::advice {
namespace {

/// What is wrong with a parameter, and what it should be.
struct Misfit {
  std::string parameter;
  std::string metric;  ///< its series: "pg_settings_max_wal_size_bytes"
  std::string why;
  Impact impact;
  std::string wanted;  ///< its value as SQL; empty: there is no saying
  std::string before;  ///< the same of what it is now
  bool restarts = false;
  Confidence confidence = Confidence::medium;
  std::vector<std::string> doubts = {};
};

Table evidence_of(const Look& look, const Misfit& misfit) {
  Evidence evidence;
  evidence.row({{"parameter", misfit.parameter}});
  const Table& settings = *look.table("settings");
  const ValueColumn value(settings, misfit.metric);
  for (std::size_t row = 0; row < settings.rows(); ++row)
    if (value(row)) evidence.take(settings, row, {misfit.metric});
  return std::move(evidence).finish(look.now);
}

Advice make(const Look& look, Misfit misfit) {
  const Object object{"", "", "", misfit.parameter};
  const std::string set = "ALTER SYSTEM SET " + misfit.parameter + " = ";
  const std::string reload = misfit.restarts ? "\n-- in force after a restart" : "\nSELECT pg_reload_conf();";
  Table evidence = evidence_of(look, misfit);
  return {.id = advice_id("setting", object),
          .kind = "setting",
          .object = object,
          .why = std::move(misfit.why),
          .evidence = std::move(evidence),
          .impact = std::move(misfit.impact),
          .fix = {set + misfit.wanted + ";" + reload, misfit.restarts},
          .undo = set + misfit.before + ";" + reload,
          .confidence = misfit.confidence,
          .doubts = std::move(misfit.doubts)};
}

/// A switch that should be on, whatever the server does.
struct Switch {
  std::string_view parameter;
  std::string_view why;
  double weight;  ///< to rank by: 3 loses data
};

constexpr std::string_view k_planner =
    "The planner does without this for every statement, also where it is the best way";

constexpr auto k_switches = std::to_array<Switch>(
    {{"fsync", "A crash of the machine can leave the database beyond repair", 3},
     {"full_page_writes", "A crash in the middle of a write can leave torn pages that recovery does not mend",
      3},
     {"autovacuum", "Dead rows stay, statistics grow old, and transaction ids run out", 3},
     {"track_counts", "Without counts autovacuum does not know where to begin", 3},
     {"enable_seqscan", k_planner, 1},
     {"enable_indexscan", k_planner, 1},
     {"enable_indexonlyscan", k_planner, 1},
     {"enable_bitmapscan", k_planner, 1},
     {"enable_hashjoin", k_planner, 1},
     {"enable_mergejoin", k_planner, 1},
     {"enable_nestloop", k_planner, 1},
     {"enable_sort", k_planner, 1},
     {"enable_hashagg", k_planner, 1}});

void look_at_switches(const Look& look, Opinion& opinion) {
  for (const Switch& one : k_switches) {
    const std::string metric = "pg_settings_" + std::string(one.parameter);
    if (setting(look, metric) != 0.0) continue;
    opinion.advice.push_back(make(look, {.parameter = std::string(one.parameter),
                                         .metric = metric,
                                         .why = "It is off. " + std::string(one.why) + ".",
                                         .impact = {one.weight, Unit::none, std::string(one.why)},
                                         .wanted = "on",
                                         .before = "off",
                                         .confidence = Confidence::high}));
  }
}

/// Checkpoints that WAL forces before their time: each writes every changed page, and full images of all
/// pages after it.
std::optional<Misfit> max_wal_size(const Look& look, const Thresholds& thresholds) {
  const auto either = [&](std::string_view newer, std::string_view older) {
    const auto value = value_of(look, "stat_checkpointer", newer);
    return value ? value : value_of(look, "stat_bgwriter", older);
  };
  const auto requested =
      either("pg_stat_checkpointer_num_requested_total", "pg_stat_bgwriter_checkpoints_req_total");
  const auto timed =
      either("pg_stat_checkpointer_num_timed_total", "pg_stat_bgwriter_checkpoints_timed_total");
  const auto size = setting(look, "pg_settings_max_wal_size_bytes");
  if (!requested || !timed || !size || *requested < thresholds["min_checkpoints"]) return std::nullopt;
  const double share = *requested / (*requested + *timed);
  if (share < thresholds["min_requested_share"]) return std::nullopt;
  // CHECKPOINT commands and base backups ask for checkpoints, too: then there is little WAL between two of
  // them.
  const auto wal = value_of(look, "wal_stats", "pgvigil_wal_bytes_total");
  if (wal && *wal / (*requested + *timed) < thresholds["min_wal_share"] * *size) return std::nullopt;
  return Misfit{
      .parameter = "max_wal_size",
      .metric = "pg_settings_max_wal_size_bytes",
      .why = share_words(share) + " of " + count_words(*requested + *timed) +
             " checkpoints were asked for before checkpoint_timeout was over" +
             (wal ? ", with " + bytes_words(*wal / (*requested + *timed)) + " of WAL between two of them."
                  : "."),
      .impact = {share, Unit::ratio, "Fewer checkpoints, and fewer full page images in the WAL"},
      .wanted = quoted_literal(parameter_size(2 * *size)),
      .before = quoted_literal(parameter_size(*size)),
      .confidence = wal ? Confidence::high : Confidence::low,
      .doubts = {"pg_wal may take that much more disk, and recovery after a crash longer."}};
}

struct Blocks {
  double hit = 0;
  double read = 0;
};

Blocks blocks_of(const Look& look) {
  Blocks blocks;
  const Table* table = look.table("stat_database");
  if (table == nullptr) return blocks;
  const ValueColumn hit(*table, "pg_stat_database_blks_hit"), read(*table, "pg_stat_database_blks_read");
  for (std::size_t row = 0; row < table->rows(); ++row) {
    blocks.hit += hit(row).value_or(0);
    blocks.read += read(row).value_or(0);
  }
  return blocks;
}

double databases_size(const Look& look) {
  const Table* table = look.table("database_size");
  if (table == nullptr) return 0;
  double sum = 0;
  for (const double size : table->values(0))
    sum += size;
  return sum;
}

/// Buffers that are few beside the data, with reads to show for it.
std::optional<Misfit> shared_buffers(const Look& look, const Thresholds& thresholds) {
  const auto buffers = setting(look, "pg_settings_shared_buffers_bytes");
  const Blocks blocks = blocks_of(look);
  const double data = databases_size(look);
  if (!buffers || blocks.hit + blocks.read < thresholds["min_blocks"] || data <= *buffers)
    return std::nullopt;
  const double hits = blocks.hit / (blocks.hit + blocks.read);
  if (hits >= thresholds["min_hit_share"]) return std::nullopt;
  const auto memory = value_of(look, "host_memory", "pgvigil_host_memory_limit_bytes");
  // A quarter of memory is what Postgres's manual starts from (runtime-config-resource).
  if (memory && *buffers >= *memory / 4) return std::nullopt;
  const double wanted = memory ? *memory / 4 : 2 * *buffers;
  Misfit misfit{.parameter = "shared_buffers",
                .metric = "pg_settings_shared_buffers_bytes",
                .why = "Only " + share_words(hits) + " of " + count_words(blocks.hit + blocks.read) +
                       " blocks were found in its " + bytes_words(*buffers) + "; the databases have " +
                       bytes_words(data) + ".",
                .impact = {1 - hits, Unit::ratio,
                           share_words(1 - hits) + " of all blocks read from the kernel or the disk"},
                .wanted = quoted_literal(parameter_size(wanted)),
                .before = quoted_literal(parameter_size(*buffers)),
                .restarts = true,
                .confidence = memory ? Confidence::medium : Confidence::low,
                .doubts = {"How many of these blocks the kernel's cache held is not counted."}};
  if (!memory)
    misfit.doubts.emplace_back(
        "How much memory there is nobody tells: name the cgroup in [host], and keep to a quarter of it.");
  return misfit;
}

/// What all sessions could take at once, beside what there is.
std::optional<Misfit> work_mem(const Look& look, const Thresholds& thresholds) {
  const auto memory = value_of(look, "host_memory", "pgvigil_host_memory_limit_bytes");
  const auto buffers = setting(look, "pg_settings_shared_buffers_bytes");
  const auto each = setting(look, "pg_settings_work_mem_bytes");
  const auto connections = setting(look, "pg_settings_max_connections");
  if (!memory || !buffers || !each || !connections) return std::nullopt;
  const double most = *buffers + *connections * *each;
  if (most < thresholds["most_memory_share"] * *memory) return std::nullopt;
  const double room = std::max(thresholds["most_memory_share"] * *memory - *buffers, 0.0) / *connections;
  if (room < 1024 * 1024) return std::nullopt;
  return Misfit{
      .parameter = "work_mem",
      .metric = "pg_settings_work_mem_bytes",
      .why = "If each of " + count_words(*connections) + " connections sorts once, that takes " +
             bytes_words(most) + " with shared_buffers, of " + bytes_words(*memory) + " that there are.",
      .impact = {most / *memory, Unit::ratio, "The kernel may end the server for want of memory"},
      .wanted = quoted_literal(parameter_size(std::max(room - 1024 * 1024, 1024.0 * 1024))),
      .before = quoted_literal(parameter_size(*each)),
      .confidence = Confidence::low,
      .doubts = {"Few connections sort at once: fewer connections, behind a pooler, mend it as well."}};
}

std::optional<Misfit> effective_cache_size(const Look& look, const Thresholds&) {
  const auto cache = setting(look, "pg_settings_effective_cache_size_bytes");
  const auto buffers = setting(look, "pg_settings_shared_buffers_bytes");
  if (!cache || !buffers || *cache >= *buffers) return std::nullopt;
  return Misfit{.parameter = "effective_cache_size",
                .metric = "pg_settings_effective_cache_size_bytes",
                .why = "The planner takes " + bytes_words(*cache) +
                       " for all caches together, and shared_buffers alone has " + bytes_words(*buffers) +
                       ".",
                .impact = {*buffers - *cache, Unit::bytes, "Index scans seem dearer than they are"},
                .wanted = quoted_literal(parameter_size(3 * *buffers)),
                .before = quoted_literal(parameter_size(*cache)),
                .confidence = Confidence::high};
}

/// Compiling that takes a good part of the time of all statements.
std::optional<Misfit> jit(const Look& look, const Thresholds& thresholds) {
  const Table* table = look.table("statements");
  if (table == nullptr || setting(look, "pg_settings_jit") != 1.0) return std::nullopt;
  const ValueColumn compiling(*table, "pgvigil_statement_jit_seconds_total"),
      seconds(*table, "pg_stat_statements_seconds_total");
  double in_jit = 0;
  double all = 0;
  for (std::size_t row = 0; row < table->rows(); ++row) {
    in_jit += compiling(row).value_or(0);
    all += seconds(row).value_or(0);
  }
  if (in_jit < thresholds["min_jit"] || in_jit < thresholds["min_jit_share"] * all) return std::nullopt;
  return Misfit{
      .parameter = "jit",
      .metric = "pg_settings_jit",
      .why = "Compiling took " + time_words(std::chrono::duration<double>(in_jit)) + ", " +
             share_words(in_jit / all) + " of the time of all statements.",
      .impact = {in_jit / all, Unit::ratio, share_words(in_jit / all) + " of the time of all statements"},
      .wanted = "off",
      .before = "on",
      .doubts = {"A few long statements may gain by it: a higher jit_above_cost keeps it for them."}};
}

}  // namespace

void advise_settings(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  look_at_switches(look, opinion);
  for (const auto check : {max_wal_size, shared_buffers, work_mem, effective_cache_size, jit})
    if (auto misfit = check(look, thresholds)) opinion.advice.push_back(make(look, std::move(*misfit)));
}

}  // namespace pgvigil::rules::advice
