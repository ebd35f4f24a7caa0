#include <algorithm>

#include "collectors/backups/judging/case.h"

namespace pgvigil::backups {
namespace {

/// Every database must be in the set of dumps. One that was created since waits for the next set.
void judge_set(Case& each) {
  const Backup* basis = each.basis;
  if (basis == nullptr || basis->kind != Kind::dump) return;
  const bool is_named = !each.source.databases.empty();
  if (!is_named && each.evidence.server == nullptr) return;
  bool was_expected = false;
  std::vector<std::string>& missing = each.verdict.databases_missing;
  for (const std::string& database : is_named ? each.source.databases : each.evidence.server->databases) {
    if (std::ranges::find(basis->databases, database) != basis->databases.end()) continue;
    missing.push_back(database);
    was_expected = was_expected || !basis->set_is_told ||
                   std::ranges::find(basis->expected, database) != basis->expected.end();
  }
  if (missing.empty()) return;
  Trouble trouble{Reason::set_incomplete, "database " + missing.front() + " is not in " + basis->label};
  was_expected ? each.decide(std::move(trouble)) : each.find(std::move(trouble));
}

bool is_same(const Tablespace& one, const Tablespace& other) {
  return one.oid.empty() || other.oid.empty() ? one.name == other.name : one.oid == other.oid;
}

/// Each of the server's must be in the backup, as a copy. One that was created since waits for the next
/// backup.
void judge_tablespaces(Case& each) {
  const LiveServer* server = each.evidence.server;
  if (server == nullptr || each.basis == nullptr || !each.basis->tablespaces) return;
  const std::string& label = each.basis->label;
  std::vector<std::string>& missing = each.verdict.tablespaces_missing.emplace();
  for (const Tablespace& wanted : server->tablespaces) {
    const auto found = std::ranges::find_if(*each.basis->tablespaces,
                                            [&](const Tablespace& kept) { return is_same(kept, wanted); });
    if (found == each.basis->tablespaces->end())
      missing.push_back(wanted.name);
    else if (found->outside && found->location == wanted.location)
      each.decide({Reason::tablespace_missing, label + " has no copy of tablespace " + wanted.name +
                                                   ": its link leads to " + wanted.location +
                                                   ", where the running server has it"});
  }
  if (!missing.empty())
    each.find({Reason::tablespace_missing, "tablespace " + missing.front() + " is not in " + label});
}

}  // namespace

void judge_scope(Case& each) {
  judge_set(each);
  judge_tablespaces(each);
}

}  // namespace pgvigil::backups
