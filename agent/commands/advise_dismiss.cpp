#include "agent/commands/advise_dismiss.h"

#include <fmt/core.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "agent/http/client.h"

namespace pgvigil::agent {
namespace {

constexpr std::chrono::seconds k_timeout{30};

/// A text of the answer; the answer as it is when there is none.
std::string text_at(const std::string& body, const char* pointer) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  const nlohmann::json::json_pointer where(pointer);
  return json.is_object() && json.contains(where) && json[where].is_string() ? json[where].get<std::string>()
                                                                             : body;
}

}  // namespace

int dismiss_advice_command(Arguments arguments, const std::optional<std::string>& server) {
  const auto reason = arguments.option("--reason");
  const auto until = arguments.option("--until");
  const auto url = arguments.option("--url");
  const auto id = arguments.word();
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("advise", complaint);
  if (!id)
    return wrong_usage("advise", "dismiss which advice? Its id is in the answer of GET /api/v1/advice");
  if (!reason || reason->empty())
    return wrong_usage("advise", "--reason is required: who reads it later wants to know");
  Parameters form{{"id", *id}, {"reason", *reason}};
  if (until) form.emplace_back("until", *until);
  if (server) form.emplace_back("server", *server);

  const auto fetched =
      post_form(url.value_or("http://127.0.0.1:9187"), "/api/v1/advice/dismiss", form, k_timeout);
  if (!fetched) {
    fmt::print(stderr, "pgvigil advise: {}\n{}\n", fetched.error().message, fetched.error().hint);
    return 2;
  }
  if (fetched->status != 200) {
    fmt::print(stderr, "pgvigil advise: {}\n", text_at(fetched->body, "/error"));
    return 1;
  }
  fmt::print("{} is dismissed until {}\n", *id, text_at(fetched->body, "/data/until"));
  return 0;
}

}  // namespace pgvigil::agent
