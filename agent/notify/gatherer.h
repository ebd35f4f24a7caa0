#pragma once

#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "agent/notify/planning/errands.h"
#include "agent/notify/receivers/receiver_health.h"
#include "agent/notify/shared.h"
#include "agent/store/store.h"

namespace pgvigil::agent::notify {

/// Looks for the evidence that alerts want, on a thread of its own: messages do not wait for it. Each look is
/// made once, however many alerts want it, and one that was made a moment ago serves again. What was seen is
/// on the disk before anybody is told of it.
class Gatherer {
 public:
  Gatherer(Store& store, Shared& shared, const Outlook& outlook);
  void run(const std::stop_token& stop);

 private:
  using Key = std::pair<std::string, Question>;  // server and question
  using Seen = std::map<Key, std::shared_ptr<const Evidence>>;

  bool step(const std::stop_token& stop);
  Errands begin(Timestamp now);
  Seen look(const std::vector<Errand>& errands, const std::stop_token& stop);
  void ask(const std::string& server,
           const std::vector<Question>& questions,
           const std::stop_token& stop,
           Seen& seen);
  std::shared_ptr<const Evidence> taken(const std::string& server,
                                        const Question& question,
                                        evidence::Look look);
  std::shared_ptr<const Evidence> without(const std::string& server,
                                          const Question& question,
                                          std::string trouble);
  void attach(const Errands& errands, const Seen& seen);
  void count(const std::string& outcome);

  Store& store_;
  Shared& shared_;
  const Outlook& outlook_;
  std::set<std::string> of_database_;
  std::map<std::string, std::string> titles_;  // by name
  RateLimit limit_;
  Seen recent_;
};

}  // namespace pgvigil::agent::notify
