#include "agent/advice/run_notes.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "agent/elapsed.h"

namespace pgvigil::agent {

using rules::advice::Advice;
using rules::advice::Opinion;

void note_run(StatusBoard& board,
              std::chrono::steady_clock::time_point start,
              const std::expected<Consultation, Error>& consultation) {
  board.update_server([&](ServerStatus& server) {
    AdviceStatus& advice = server.advice ? *server.advice : server.advice.emplace();
    ++advice.runs;
    advice.last_seconds = seconds_since(start);
    advice.trouble = consultation ? "" : consultation.error().message;
    if (!consultation) {
      ++advice.failures;
      return;
    }
    advice.last_success = consultation->at;
    advice.blind.clear();
    for (const Opinion& opinion : consultation->opinions)
      if (opinion.blind) advice.blind.emplace(opinion.kind, *opinion.blind);
  });
}

void note_findings(StatusBoard& board,
                   const std::vector<Opinion>& opinions,
                   const std::function<bool(const Advice&)>& is_told) {
  std::map<std::string, std::size_t> findings;
  for (const Opinion& opinion : opinions)
    if (!opinion.blind || !opinion.advice.empty())
      findings[opinion.kind] = static_cast<std::size_t>(std::ranges::count_if(opinion.advice, is_told));
  board.update_server([&](ServerStatus& server) {
    if (server.advice) server.advice->findings = std::move(findings);
  });
}

}  // namespace pgvigil::agent
