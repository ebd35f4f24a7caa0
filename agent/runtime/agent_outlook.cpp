// What of the agent its notifier asks.

#include <algorithm>

#include "agent/runtime/agent.h"
#include "agent/runtime/vitals.h"

namespace pgvigil::agent {
namespace {

bool is_standby(const Watch& watch) {
  const auto facts = watch.board().server().facts;
  return facts && facts->role == postgres::Role::standby;
}

}  // namespace

notify::Outlook Agent::outlook() {
  return {
      .trouble = [this] { return trouble(); },
      .is_standby =
          [this](const promql::Labels& of) {
            const auto servers = world_.servers_of(of);
            return !servers.empty() &&
                   std::ranges::all_of(servers, [](const auto& each) { return is_standby(*each); });
          },
      .recent = [this](const std::vector<promql::LabelsPtr>& alerts) { return judge()->recent(alerts); },
      .servers_of =
          [this](const promql::Labels& of, const std::string& evidence) {
            std::vector<std::string> names;
            for (const auto& server : world_.servers_of(of, investigator_.kind_of(evidence)))
              names.push_back(server->server().name);
            return names;
          },
      .look = [this](const std::string& server, const std::vector<notify::Question>& questions,
                     const std::stop_token& stop) { return investigator_.look(server, questions, stop); }};
}

void Agent::read_series(const Watch& of,
                        const std::function<void(const promql::Queryable&, Timestamp)>& ask) {
  Judge* judging = judge();
  if (judging == nullptr) return;
  const promql::LabelsPtr target = world_.labels_of(of);
  judging->read([&](const promql::Queryable& all, Timestamp now) { ask(SeriesOf(all, *target), now); });
}

std::string Agent::trouble() const {
  const Judge* judging = judge();
  const auto config = this->config();
  if (judging == nullptr || config == nullptr) return "nothing is judged yet";
  Vitals vitals{.last_evaluation = judging->figures().runner.last_evaluation,
                .evaluation_interval = config->rules.evaluation_interval,
                .receivers = notifier()->figures().receivers};
  for (const auto& watch : *watches())
    vitals.watched.push_back({title_of(watch->server().kind, watch->server().name), watch->alive(),
                              watch->board().in_trouble(), watch->board().collectors()});
  return trouble_of(vitals, std::chrono::system_clock::now());
}

}  // namespace pgvigil::agent
