#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "agent/commands/commands.h"
#include "agent/notify/matching/matchers.h"
#include "agent/notify/message/rfc3339.h"
#include "agent/notify/message/text.h"
#include "agent/transport/http_client.h"
#include "collectors/model/quantity.h"

namespace pgvigil::agent {
namespace {

using nlohmann::json;
using notify::rfc3339;

constexpr std::string_view k_usage =
    R"(Keeps a running pgvigil from telling people of some alerts for a while. The alerts go on.

usage: pgvigil silence add MATCHER... --for 2h [--from TIME] [--comment TEXT] [--author NAME] [--address HOST:PORT]
       pgvigil silence list [--all] [--address HOST:PORT]
       pgvigil silence expire ID... [--address HOST:PORT]

  MATCHER              alertname=PostgresDown, 'datname=~test.*', 'severity!=critical'; all must match
  --for 2h             how long: 30m, 2h, 7d
  --from TIME          when it begins (2026-08-06T12:00:00Z); without it now
  --comment TEXT       why
  --author NAME        who; without it the user that runs this
  --all                those that are over as well
  --address HOST:PORT  where pgvigil listens (127.0.0.1:9187)

exit status: 0 done; 1 pgvigil refused it or did not answer; 2 wrong usage
)";

int fail(const std::string& why) {
  fmt::print(stderr, "pgvigil silence: {}\n", why);
  return 1;
}

std::string who() {
  if (const passwd* entry = getpwuid(getuid()); entry != nullptr) return entry->pw_name;
  return "uid " + std::to_string(getuid());
}

/// The JSON that a running pgvigil answers; the error says what it does not like.
std::expected<json, std::string> ask(const std::string& address,
                                     const std::string& method,
                                     const std::string& path,
                                     const json& body) {
  transport::HttpRequest request{method, Secret("http://" + address + path)};
  if (!body.is_null()) {
    request.headers.emplace_back("Content-Type", Secret("application/json"));
    request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  }
  transport::HttpClient client;
  const transport::Answer answer = client.send(request, {.proxy = "", .timeout = std::chrono::seconds(10)});
  if (answer.error) return std::unexpected(answer.error->message);
  const json value = json::parse(answer.body, nullptr, false);
  if (answer.status != 200)
    return std::unexpected(value.is_string()
                               ? value.get<std::string>()
                               : "status " + std::to_string(answer.status) + " of " + address + path);
  return value;
}

json json_of(const notify::Matcher& matcher) {
  using promql::MatchKind;
  return {{"name", matcher.name()},
          {"value", matcher.value()},
          {"isRegex", matcher.regex() != nullptr},
          {"isEqual", matcher.kind() == MatchKind::equal || matcher.kind() == MatchKind::regex}};
}

int add(Arguments& arguments, const std::string& address) {
  const auto span = arguments.option("--for");
  const auto from = arguments.option("--from");
  const std::string comment = arguments.option("--comment").value_or("");
  const std::string author = arguments.option("--author").value_or(who());
  json matchers = json::array();
  while (const auto word = arguments.word()) {
    const auto matcher = notify::parse_matcher(*word);
    if (!matcher) return wrong_usage("silence", matcher.error());
    matchers.push_back(json_of(*matcher));
  }
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("silence", complaint);
  if (matchers.empty())
    return wrong_usage("silence", "which alerts? Write a matcher: alertname=PostgresDown");
  const auto length = span ? parse_duration(*span) : std::nullopt;
  if (!length) return wrong_usage("silence", "--for is a time such as 30m, 2h or 7d");
  const auto starts = from ? notify::parse_rfc3339(*from) : std::optional(std::chrono::system_clock::now());
  if (!starts) return wrong_usage("silence", "--from is a time such as 2026-08-06T12:00:00Z");
  const auto answer = ask(address, "POST", "/api/v2/silences",
                          {{"matchers", std::move(matchers)},
                           {"startsAt", rfc3339(*starts)},
                           {"endsAt", rfc3339(*starts + *length)},
                           {"createdBy", author},
                           {"comment", comment}});
  if (!answer) return fail(answer.error());
  fmt::print("{}\n", answer->value("silenceID", ""));
  return 0;
}

std::string text_of(const json& matchers) {
  std::string text;
  for (const json& matcher : matchers) {
    const bool regex = matcher.value("isRegex", false);
    const bool equal = matcher.value("isEqual", true);
    const char* sign = regex ? (equal ? "=~" : "!~") : (equal ? "=" : "!=");
    text += (text.empty() ? "" : " ") + matcher.value("name", "") + sign + matcher.value("value", "");
  }
  return text;
}

int list(Arguments& arguments, const std::string& address) {
  const bool all = arguments.flag("--all");
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("silence", complaint);
  const auto answer = ask(address, "GET", "/api/v2/silences", {});
  if (!answer) return fail(answer.error());
  for (const json& silence : *answer) {
    const std::string state = silence.at("status").value("state", "");
    if (!all && state == "expired") continue;
    fmt::print("{}  {:<7}  until {}  {}  {}: {}\n", silence.value("id", ""), state,
               silence.value("endsAt", ""), text_of(silence.at("matchers")), silence.value("createdBy", ""),
               silence.value("comment", ""));
  }
  return 0;
}

int expire(Arguments& arguments, const std::string& address) {
  std::vector<std::string> ids;
  while (auto id = arguments.word())
    ids.push_back(std::move(*id));
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("silence", complaint);
  if (ids.empty()) return wrong_usage("silence", "which silence? 'pgvigil silence list' has the ids");
  for (const std::string& id : ids)
    if (const auto answer = ask(address, "DELETE", "/api/v2/silence/" + id, {}); !answer)
      return fail(answer.error());
  return 0;
}

int run(Arguments arguments) {
  const std::string address = arguments.option("--address").value_or("127.0.0.1:9187");
  const auto action = arguments.word();
  if (action == "add") return add(arguments, address);
  if (action == "list") return list(arguments, address);
  if (action == "expire") return expire(arguments, address);
  return wrong_usage("silence", "add, list or expire?");
}

}  // namespace

const Command k_silence_command{"silence", "keep people from being told of some alerts", k_usage, run};

}  // namespace pgvigil::agent
