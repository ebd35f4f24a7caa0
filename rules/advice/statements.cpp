// Statements that take the server's time, vary, spill to disk, or return very many rows.

#include <cmath>
#include <map>

#include "rules/advice/advisors.h"
#include "rules/advice/evidence.h"
#include "rules/advice/sql.h"
#include "rules/advice/words.h"

namespace pgvigil::rules::advice {
namespace {

/// A statement of one database, of all users together, since pg_stat_statements knows it.
struct Statement {
  Object object;                  ///< its name is the queryid
  std::vector<std::size_t> rows;  ///< in the table, one a user
  double calls = 0;
  double seconds = 0;
  double squares = 0;  ///< of the seconds of each call, added up
  double returned = 0;
  double temp_blocks = 0;
  double wal_records = 0;

  double mean() const { return seconds / calls; }
  /// The standard deviation of the time of a call, in seconds.
  double deviation() const { return std::sqrt(std::max(squares / calls - mean() * mean(), 0.0)); }
};

/// Those that were called at least this often. What we ask ourselves is left out, and so is what cannot be
/// told apart.
std::vector<Statement> statements(const Look& look, double min_calls) {
  const Table& table = *look.table("statements");
  const LabelColumn user(table, "user"), datname(table, "datname"), queryid(table, "queryid");
  const auto column = [&](std::string_view name) { return ValueColumn(table, name); };
  const ValueColumn calls = column("pg_stat_statements_calls_total"),
                    seconds = column("pg_stat_statements_seconds_total"),
                    squares = column("pgvigil_statement_time_squares_total"),
                    returned = column("pg_stat_statements_rows_total"),
                    temp = column("pgvigil_statement_temp_blocks_written_total"),
                    wal = column("pgvigil_statement_wal_records_total");
  std::map<std::pair<std::string_view, std::string_view>, Statement> found;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (queryid(row) == "other" || user(row) == look.user) continue;
    Statement& one = found[{datname(row), queryid(row)}];
    one.object = {std::string(datname(row)), "", "", std::string(queryid(row))};
    one.rows.push_back(row);
    one.calls += calls(row).value_or(0);
    one.seconds += seconds(row).value_or(0);
    one.squares += squares(row).value_or(0);
    one.returned += returned(row).value_or(0);
    one.temp_blocks += temp(row).value_or(0);
    one.wal_records += wal(row).value_or(0);
  }
  std::vector<Statement> list;
  for (auto& [key, one] : found)
    if (one.calls >= std::max(min_calls, 1.0)) list.push_back(std::move(one));
  return list;
}

/// The seconds of all statements, ours included.
double all_seconds(const Look& look) {
  const Table& table = *look.table("statements");
  const ValueColumn seconds(table, "pg_stat_statements_seconds_total");
  double sum = 0;
  for (std::size_t row = 0; row < table.rows(); ++row)
    sum += seconds(row).value_or(0);
  return sum;
}

/// " (SELECT ...)" where texts are collected.
std::string text_of(const Look& look, const Object& object) {
  const Table* table = look.table("statement_texts");
  if (table == nullptr) return "";
  const auto row = RowFinder(*table, {"datname", "queryid"}).find({object.datname, object.name});
  return row ? " (" + std::string(LabelColumn(*table, "query")(*row)) + ")" : "";
}

Table evidence_of(const Look& look, const Statement& one) {
  const Table& table = *look.table("statements");
  const LabelColumn user(table, "user");
  Evidence evidence;
  for (const std::size_t row : one.rows) {
    evidence.row({{"datname", one.object.datname}, {"user", user(row)}, {"queryid", one.object.name}});
    evidence.take(table, row,
                  {"pg_stat_statements_calls_total", "pg_stat_statements_seconds_total",
                   "pg_stat_statements_rows_total", "pgvigil_statement_time_squares_total",
                   "pgvigil_statement_temp_blocks_written_total"});
  }
  return std::move(evidence).finish(look.now);
}

/// A look at its text: changes nothing.
std::string show_statement(const Object& object) {
  return "SELECT query FROM pg_stat_statements WHERE queryid = " + object.name + " LIMIT 1;";
}

Advice make(const Look& look, std::string_view kind, const Statement& one, std::string why, Impact impact) {
  return {.id = advice_id(kind, one.object),
          .kind = std::string(kind),
          .object = one.object,
          .why = std::move(why) + text_of(look, one.object),
          .evidence = evidence_of(look, one),
          .impact = std::move(impact),
          .fix = {show_statement(one.object)},
          .undo = "-- nothing to undo: it only looks",
          .confidence = Confidence::medium,
          .doubts = {}};
}

std::string each(const Statement& one) {
  return count_words(one.calls) + " calls of " + time_words(std::chrono::duration<double>(one.mean())) +
         " each";
}

}  // namespace

void advise_slow_statements(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  const double all = all_seconds(look);
  for (const Statement& one : statements(look, thresholds["min_calls"])) {
    if (one.mean() < thresholds["min_mean"] || one.seconds < thresholds["min_total"] ||
        one.seconds < thresholds["min_share"] * all)
      continue;
    opinion.advice.push_back(
        make(look, "slow_statement", one,
             share_words(one.seconds / all) + " of the time of all statements: " + each(one) + ".",
             {one.seconds, Unit::seconds,
              time_words(std::chrono::duration<double>(one.seconds)) + " of execution in all"}));
  }
}

void advise_unstable_statements(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  for (const Statement& one : statements(look, thresholds["min_calls"])) {
    if (one.mean() < thresholds["min_mean"] || one.seconds < thresholds["min_total"] ||
        one.deviation() < thresholds["min_ratio"] * one.mean())
      continue;
    Advice advice = make(look, "unstable_statement", one,
                         each(one) + " with a standard deviation of " +
                             time_words(std::chrono::duration<double>(one.deviation())) + ".",
                         {one.seconds, Unit::seconds,
                          time_words(std::chrono::duration<double>(one.seconds)) + " of execution in all"});
    advice.confidence = Confidence::low;
    advice.doubts.emplace_back(
        "Whether plans change, or values, or the cache was cold, one total does not tell: compare over time, "
        "or let "
        "auto_explain log the slow ones.");
    opinion.advice.push_back(std::move(advice));
  }
}

void advise_spilling_statements(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  const double block = setting(look, "pg_settings_block_size").value_or(8192);
  const double work_mem = setting(look, "pg_settings_work_mem_bytes").value_or(4.0 * 1024 * 1024);
  for (const Statement& one : statements(look, thresholds["min_calls"])) {
    const double written = one.temp_blocks * block;
    const double per_call = written / one.calls;
    if (written < thresholds["min_total"] || per_call < thresholds["min_per_call"]) continue;
    Advice advice = make(look, "spilling_statement", one,
                         each(one) + " write " + bytes_words(per_call) +
                             " of temporary files each; work_mem is " + bytes_words(work_mem) + ".",
                         {written, Unit::bytes, bytes_words(written) + " written to temporary files"});
    // In memory rows take two to three times what they take in a file (src/backend/utils/sort/tuplesort.c).
    const double wanted = work_mem + 3 * per_call;
    if (wanted <= thresholds["most_work_mem"]) {
      advice.undo = "-- nothing to undo: it ends with the transaction";
      advice.fix = {show_statement(one.object) +
                        "\n-- In the transaction that runs it:\nSET LOCAL work_mem = " +
                        quoted_literal(parameter_size(wanted)) + ";",
                    true};
    } else {
      advice.doubts.push_back("Memory would not mend it: it would take some " + bytes_words(wanted) +
                              ". An index in the wanted order, or fewer rows, would.");
    }
    opinion.advice.push_back(std::move(advice));
  }
}

void advise_oversized_results(const Look& look, const Thresholds& thresholds, Opinion& opinion) {
  for (const Statement& one : statements(look, thresholds["min_calls"])) {
    const double per_call = one.returned / one.calls;
    // Rows that are written count as rows, too; each of them leaves a record in the WAL.
    if (per_call < thresholds["min_rows"] || one.wal_records > one.returned / 2) continue;
    Advice advice = make(look, "oversized_result", one,
                         count_words(one.calls) + " calls return " + count_words(per_call) + " rows each.",
                         {one.returned, Unit::none, count_words(one.returned) + " rows in all"});
    advice.confidence = Confidence::low;
    advice.doubts.emplace_back(
        "An export that wants all rows is well served; a page for people is not: LIMIT it.");
    opinion.advice.push_back(std::move(advice));
  }
}

}  // namespace pgvigil::rules::advice
