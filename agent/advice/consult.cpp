#include "agent/advice/consult.h"

#include <algorithm>

#include "agent/advice/gather.h"

namespace pgvigil::agent {

using rules::advice::Advisor;

std::vector<const Advisor*> enabled_advisors(const Config& config) {
  std::vector<const Advisor*> list;
  for (const Advisor& advisor : rules::advice::advisors())
    if (config.thresholds.find(advisor.kind)->second.enabled) list.push_back(&advisor);
  return list;
}

std::expected<Consultation, Error> consult(const Config& config,
                                           const ServerConfig& server,
                                           std::span<const Advisor* const> advisors,
                                           const postgres::Interrupt& interrupt) {
  auto wanted = rules::advice::wanted_collectors(advisors);
  std::erase_if(wanted, [&](std::string_view name) {
    const auto found = std::ranges::find(config.definitions, name, &collectors::Definition::name);
    return name == "statement_texts" && (found == config.definitions.end() || !found->enabled);
  });
  auto gathered = gather(config, server, wanted, interrupt);
  if (!gathered) return std::unexpected(gathered.error());
  Consultation consultation{std::move(gathered->facts), gathered->look.now, {}};
  for (const Advisor* advisor : advisors)
    consultation.opinions.push_back(
        rules::advice::advise(*advisor, gathered->look, config.thresholds.find(advisor->kind)->second));
  return consultation;
}

}  // namespace pgvigil::agent
