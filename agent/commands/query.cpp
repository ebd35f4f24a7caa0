#include <fmt/core.h>

#include <chrono>

#include "agent/commands/commands.h"
#include "agent/commands/query_print.h"
#include "agent/http/api/parameters.h"
#include "agent/http/client.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_usage = R"(Asks a running pgvigil (or a Prometheus) a PromQL query.

usage: pgvigil query 'EXPR' [--time T] [--url URL] [--format text|json]
       pgvigil query 'EXPR' --range 1h [--step 15s] [--time T] [--url URL] [--format text|json]

  --time T            the time of the query, or the end of the range: seconds since 1970, or 2026-11-27T13:35:54Z (now)
  --range 1h          from so long before; prints a line of blocks a series
  --step 15s          between two points of the range (a sixtieth of it)
  --url URL           where it runs (http://127.0.0.1:9187)
  --format text|json  a table, or the API's answer as it is (text)

exit status: 0 answered; 1 the query is wrong or failed; 2 wrong usage, or nobody answers
)";

constexpr std::chrono::seconds k_timeout{150};  // beyond the longest that a query may take
constexpr std::int64_t k_points = 60;

struct Question {
  std::string expr;
  std::string path = "/api/v1/query";
  Parameters form = {};
};

std::string seconds_text(std::int64_t milliseconds) {
  return fmt::format("{}.{:03}", milliseconds / 1000, milliseconds % 1000);
}

/// Makes a question about a range of it; empty, or what is wrong with the words.
std::string ask_range(Question& question,
                      const std::string& range,
                      const std::optional<std::string>& step,
                      std::int64_t end_ms) {
  const auto range_ms = api::parse_duration(range);
  if (!range_ms || *range_ms <= 0) return "--range is a time such as 30m, 1h or 1d";
  const auto step_ms =
      step ? api::parse_duration(*step) : std::max<std::int64_t>(*range_ms / k_points, 1'000);
  if (!step_ms || *step_ms <= 0) return "--step is a time such as 15s or 1m";
  question.path = "/api/v1/query_range";
  question.form.insert(question.form.end(), {{"start", seconds_text(end_ms - *range_ms)},
                                             {"end", seconds_text(end_ms)},
                                             {"step", seconds_text(*step_ms)}});
  return "";
}

int print_answer(const Fetched& fetched, const Question& question, bool as_json) {
  const auto printed = printed_answer(fetched.body, question.expr);
  if (as_json) fmt::print("{}\n", fetched.body);
  if (!printed) {
    if (!as_json) fmt::print(stderr, "pgvigil query: {}", printed.error());
    return 1;
  }
  if (!as_json) fmt::print("{}", *printed);
  return 0;
}

int query(Arguments arguments) {
  const auto time = arguments.option("--time");
  const auto range = arguments.option("--range");
  const auto step = arguments.option("--step");
  const std::string url = arguments.option("--url").value_or("http://127.0.0.1:9187");
  const std::string format = arguments.option("--format").value_or("text");
  const auto expr = arguments.word();
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("query", complaint);
  if (!expr) return wrong_usage("query", "which expression?");
  if (format != "text" && format != "json") return wrong_usage("query", "--format is text or json");
  if (step && !range) return wrong_usage("query", "--step goes with --range");
  const auto at = time ? api::parse_time(*time) : unix_milliseconds(std::chrono::system_clock::now());
  if (!at) return wrong_usage("query", "--time is seconds since 1970, or like 2026-11-27T13:35:54Z");

  Question question{.expr = *expr, .form = {{"query", *expr}}};
  if (range) {
    if (const auto complaint = ask_range(question, *range, step, *at); !complaint.empty())
      return wrong_usage("query", complaint);
  } else if (time) {
    question.form.emplace_back("time", seconds_text(*at));
  }
  const auto fetched = post_form(url, question.path, question.form, k_timeout);
  if (!fetched) {
    fmt::print(stderr, "pgvigil query: {}\n{}\n", fetched.error().message, fetched.error().hint);
    return 2;
  }
  return print_answer(*fetched, question, format == "json");
}

}  // namespace

const Command k_query_command{"query", "ask a running pgvigil in PromQL", k_usage, query};

}  // namespace pgvigil::agent
