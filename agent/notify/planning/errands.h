#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/notify/planning/outlook.h"
#include "agent/notify/planning/plan.h"

namespace pgvigil::agent::notify {

/// A look that is to be made, and the alerts that want it, by their fingerprints.
struct Errand {
  std::string server;
  Question question;
  std::vector<std::string> alerts = {};
};

/// An alert whose evidence nobody looks for any more, and why.
struct Abandoned {
  std::string alert;
  std::string why;
};

struct Errands {
  std::vector<Errand> looks = {};  ///< by server: each look once, however many alerts want it
  std::vector<Abandoned> abandoned = {};
};

/// What is to be looked for now. An alert that has ended by itself, waits for too long, or whose look was
/// begun twice and never ended, is abandoned. `servers_of` gives what labels may be about, and where that
/// evidence is looked for; what is nowhere is left out. `of_database` names the evidence that is of one
/// database, that of the label datname. Pure.
Errands errands_of(const std::map<std::string, Alert>& alerts,
                   const std::function<std::vector<std::string>(const promql::Labels&,
                                                                const std::string& evidence)>& servers_of,
                   const std::set<std::string>& of_database,
                   Timestamp now);

}  // namespace pgvigil::agent::notify
