#include "agent/routes/silence_routes.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "agent/notify/message/rfc3339.h"
#include "agent/notify/message/text.h"
#include "agent/notify/notifier.h"
#include "agent/runtime/agent.h"

namespace pgvigil::agent {
namespace {

using nlohmann::json;
using notify::Silence;

constexpr BodyRule k_silence_body{64 * 1024, "application/json"};

Timestamp now() {
  return std::chrono::system_clock::now();
}

Response answer(const json& value, int status = 200) {
  return {.status = status,
          .content_type = "application/json",
          .body = value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"};
}

/// As Alertmanager says what is wrong: a JSON string.
Response refusal(const std::string& why, int status = 400) {
  return answer(json(why), status);
}

json json_of(const notify::Matcher& matcher) {
  using promql::MatchKind;
  return {{"name", matcher.name()},
          {"value", matcher.value()},
          {"isRegex", matcher.kind() == MatchKind::regex || matcher.kind() == MatchKind::not_regex},
          {"isEqual", matcher.kind() == MatchKind::equal || matcher.kind() == MatchKind::regex}};
}

json json_of(const Silence& silence) {
  json matchers = json::array();
  for (const notify::Matcher& matcher : silence.matchers)
    matchers.push_back(json_of(matcher));
  return {{"id", silence.id},
          {"matchers", std::move(matchers)},
          {"startsAt", notify::rfc3339(silence.starts_at)},
          {"endsAt", notify::rfc3339(silence.ends_at)},
          {"updatedAt", notify::rfc3339(silence.updated_at)},
          {"createdBy", silence.author},
          {"comment", silence.comment},
          {"status", {{"state", to_string(state_of(silence, now()))}}}};
}

std::expected<notify::Matcher, std::string> matcher_from(const json& value) {
  using promql::MatchKind;
  const bool regex = value.value("isRegex", false);
  const bool equal = value.value("isEqual", true);
  const MatchKind kind = regex ? (equal ? MatchKind::regex : MatchKind::not_regex)
                               : (equal ? MatchKind::equal : MatchKind::not_equal);
  return notify::Matcher::make(kind, value.at("name").get<std::string>(),
                               value.at("value").get<std::string>());
}

std::expected<Silence, std::string> silence_from(const std::string& text) {
  try {
    const json value = json::parse(text);
    Silence silence{
        .id = value.value("id", ""), .author = value.at("createdBy"), .comment = value.value("comment", "")};
    for (const json& each : value.at("matchers")) {
      auto matcher = matcher_from(each);
      if (!matcher) return std::unexpected(matcher.error());
      silence.matchers.push_back(std::move(*matcher));
    }
    const auto starts = notify::parse_rfc3339(value.at("startsAt").get<std::string>());
    const auto ends = notify::parse_rfc3339(value.at("endsAt").get<std::string>());
    if (!starts || !ends) return std::unexpected("'startsAt' and 'endsAt' are times of RFC 3339");
    silence.starts_at = *starts;
    silence.ends_at = *ends;
    return silence;
  } catch (const json::exception&) {
    return std::unexpected(
        "a silence is {matchers, startsAt, endsAt, createdBy, comment}, as Alertmanager's API v2 has it");
  }
}

Response list_silences(Agent& agent) {
  json list = json::array();
  if (const auto* notifier = agent.notifier())
    for (const Silence& silence : notifier->silences().all())
      list.push_back(json_of(silence));
  return answer(list);
}

Response add_silence(Agent& agent, const Request& request) {
  auto* notifier = agent.notifier();
  if (notifier == nullptr) return refusal("the configuration is not in force yet", 503);
  auto silence = silence_from(request.body);
  if (!silence) return refusal(silence.error());
  const auto id = notifier->silences().set(std::move(*silence), now());
  if (!id) return refusal(id.error().message, id.error().kind == ErrorKind::configuration ? 400 : 500);
  return answer({{"silenceID", *id}});
}

Response show_silence(Agent& agent, const Request& request) {
  if (const auto* notifier = agent.notifier())
    for (const Silence& silence : notifier->silences().all())
      if (silence.id == request.captured) return answer(json_of(silence));
  return refusal("there is no silence '" + request.captured + "'", 404);
}

Response expire_silence(Agent& agent, const Request& request) {
  auto* notifier = agent.notifier();
  if (notifier == nullptr) return refusal("the configuration is not in force yet", 503);
  const auto done = notifier->silences().expire(request.captured, now());
  if (!done) return refusal(done.error().message, done.error().kind == ErrorKind::undefined ? 404 : 500);
  return answer(json::object());
}

}  // namespace

std::vector<Route> silence_routes(Agent& agent) {
  return {
      {RouteKind::get, "/api/v2/silences", [&](const Request&) { return list_silences(agent); }, "silences"},
      {RouteKind::post, "/api/v2/silences",
       [&](const Request& request) { return add_silence(agent, request); }, "make or change a silence",
       k_silence_body},
      {RouteKind::get, "/api/v2/silence/{id}",
       [&](const Request& request) { return show_silence(agent, request); }, "a silence"},
      {RouteKind::remove, "/api/v2/silence/{id}",
       [&](const Request& request) { return expire_silence(agent, request); }, "end a silence"},
  };
}

}  // namespace pgvigil::agent
