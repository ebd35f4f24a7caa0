#include "agent/runtime/self/self_specimen.h"

#include <array>

#include "agent/advice/advice_table.h"
#include "agent/runtime/self/self_metrics.h"
#include "agent/version.h"
#include "agent/watching/exposition/exposition.h"

namespace pgvigil::agent {
namespace {

/// The series of advice, of one piece for each unit of impact.
std::string render_advice() {
  using rules::advice::Advice;
  std::vector<Advice> advice;
  for (const Unit unit : {Unit::bytes, Unit::seconds, Unit::none}) {
    rules::advice::Object object{"payments", "public", "orders", std::string(to_string(unit))};
    advice.push_back({.id = advice_id("any", object),
                      .kind = "any",
                      .object = object,
                      .evidence = advice_table({}, 1, {}),
                      .impact = {1, unit, ""},
                      .fix = {}});
  }
  std::string text;
  render(advice_table(advice, advice.size(), {}), Format::text, "",
         [&](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace

std::string render_own_metrics() {
  StatusBoard board;
  board.set_collectors({{.name = "any"}});
  board.update("any", [](CollectorStatus& status) {
    status.state = CollectorState::good;
    status.last_success = std::chrono::system_clock::now();
  });
  board.update_server([](ServerStatus& server) {
    server.ever_asked = true;
    server.last_answer = std::chrono::steady_clock::now();
    server.connections_opened = 1;
    server.certificates_end = std::chrono::system_clock::now();
    server.facts = std::make_shared<const postgres::ServerFacts>();
    server.databases_watched = 1;
    server.advice = AdviceStatus{
        .last_success = std::chrono::system_clock::now(), .findings = {{"any", 1}}, .blind = {{"any", ""}}};
    server.databases_in_trouble = {{"payments", "", {ErrorKind::timed_out, ""}, {}}};
  });
  SelfMetrics self(k_version, 0, std::make_shared<const SeriesBudget>());
  self.count_request("/metrics", 200, 0);
  self.set_servers(1);
  self.set_judge({.alerts = {{"any", "firing", "warning", 1}},
                  .left_out = {{"any", 1}},
                  .empty_selectors = {{"any", 1}}});
  self.set_notifier({{{"any", "webhook", {{"delivered", 1}}}}, {{"seen", 1}}});
  StatusBoard pooler;
  pooler.update_server([](ServerStatus& server) { server.kind = ServerKind::pgbouncer; });
  const std::array<WatchedServer, 2> servers{{{"", board}, {"", pooler}}};
  return SelfMetrics::render_servers(servers, {}) + self.render_process({}) + render_advice();
}

}  // namespace pgvigil::agent
