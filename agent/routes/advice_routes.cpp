#include "agent/routes/advice_routes.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/advice/advice_json.h"
#include "agent/http/api/parameters.h"
#include "agent/runtime/agent.h"
#include "agent/store/database.h"
#include "collectors/model/quantity.h"

namespace pgvigil::agent {
namespace {

using nlohmann::json;

constexpr std::chrono::days k_preset{90};

double epoch(Timestamp time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

Response as_response(int status, const json& body) {
  return {.status = status,
          .content_type = "application/json",
          .body = body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

/// As the other answers below /api/v1 tell of errors.
Response refused(int status, std::string_view type, const std::string& why) {
  return as_response(status, {{"status", "error"}, {"errorType", type}, {"error", why}});
}

json dismissal_of(const Dismissals& dismissals, const std::string& server, const std::string& id) {
  const auto found = dismissals.find({server, id});
  if (found == dismissals.end() || found->second.until <= std::chrono::system_clock::now()) return nullptr;
  return {{"reason", found->second.reason}, {"until", epoch(found->second.until)}};
}

json opinions_of(const std::string& server,
                 const ServerAdvice& advice,
                 const Dismissals& dismissals,
                 const std::vector<std::string>& kinds) {
  json opinions = json::array();
  for (const rules::advice::Opinion& opinion : *advice.opinions) {
    if (!kinds.empty() && std::ranges::find(kinds, opinion.kind) == kinds.end()) continue;
    json shown = as_json(opinion);
    for (json& one : shown["advice"])
      one["dismissed"] = dismissal_of(dismissals, server, one["id"]);
    opinions.push_back(std::move(shown));
  }
  return opinions;
}

/// "90d" from now, a date, or a time as Prometheus reads it; nothing when it is none of them, or past.
std::optional<Timestamp> parse_until(const std::string& text, Timestamp now) {
  if (const auto span = parse_duration(text)) return now + *span;
  constexpr std::size_t k_date = std::string_view("2026-11-27").size();
  const auto time = api::parse_time(text.size() == k_date && text.contains('-') ? text + "T00:00:00Z" : text);
  constexpr std::int64_t k_most = 10'000'000'000'000;  // the year 2286
  if (!time || *time <= unix_milliseconds(now) || *time > k_most) return std::nullopt;
  return from_unix_milliseconds(*time);
}

}  // namespace

Response advice_answer(const Agent& agent, const Request& request) {
  const Advisory* advisory = agent.advisory();
  const AdviceBoard board = advisory == nullptr ? AdviceBoard{} : advisory->board();
  const Dismissals dismissals = advisory == nullptr ? Dismissals{} : advisory->dismissals();
  const auto kinds = request.all_parameters("kind");
  const auto wanted = request.parameter("server");
  json servers = json::array();
  for (const auto& [server, advice] : board) {
    if (wanted && *wanted != server) continue;
    servers.push_back({{"server", server},
                       {"looked_at", advice.looked_at ? json(epoch(*advice.looked_at)) : json()},
                       {"trouble", advice.trouble},
                       {"opinions", opinions_of(server, advice, dismissals, kinds)}});
  }
  return as_response(200, {{"status", "success"}, {"data", {{"servers", std::move(servers)}}}});
}

Response dismiss_advice(const Agent& agent, const Request& request) {
  Advisory* advisory = agent.advisory();
  if (advisory == nullptr) return refused(503, "unavailable", "there is no configuration yet");
  const auto id = request.parameter("id");
  const auto reason = request.parameter("reason");
  if (!id || id->empty()) return refused(400, "bad_data", "id is required: that of the advice");
  if (!reason || reason->empty())
    return refused(400, "bad_data", "reason is required: who reads it later wants to know");
  const auto now = std::chrono::system_clock::now();
  const auto until = parse_until(request.parameter("until").value_or(duration_text(k_preset)), now);
  if (!until)
    return refused(400, "bad_data", "until is a date, a time to come, or a span from now such as 90d");
  if (const auto done = advisory->dismiss(*id, request.parameter("server"), {*reason, *until}); !done)
    return done.error().kind == ErrorKind::configuration
               ? refused(404, "not_found", done.error().message + ". " + done.error().hint)
               : refused(500, "internal", done.error().message);
  return as_response(200, {{"status", "success"},
                           {"data", {{"id", *id}, {"until", api::time_text(unix_milliseconds(*until))}}}});
}

}  // namespace pgvigil::agent
