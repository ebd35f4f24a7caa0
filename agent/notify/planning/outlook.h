#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "collectors/evidence/evidence.h"
#include "rules/promql/labels.h"

namespace pgvigil::agent::notify {

/// Evidence that is to be looked for on a server; of one database where its scope is one.
struct Question {
  std::string evidence;
  std::string database = {};

  auto operator<=>(const Question&) const = default;
};

/// What the notifier asks of the rest of the agent, from any of its threads. What is not given is not asked.
struct Outlook {
  /// Why all is not well; empty: a heartbeat may be sent.
  std::function<std::string()> trouble = {};
  /// Whether what has these labels can only be a standby, as far as is known now.
  std::function<bool(const promql::Labels& of)> is_standby = {};
  /// What the rule of each of these alerts gave over the last half hour, a value a minute and oldest first;
  /// NaN where it gave none, empty where nothing is known.
  std::function<std::vector<std::vector<double>>(const std::vector<promql::LabelsPtr>& alerts)> recent = {};
  /// The names of what is watched that alerts with these labels may be about, of the kind that this evidence
  /// is of.
  std::function<std::vector<std::string>(const promql::Labels& of, const std::string& evidence)> servers_of =
      {};
  /// Looks at what has this name, with one session and one question after the other: a look for each
  /// question, in their order. It is back within ten seconds, and within a moment of a stop.
  std::function<std::vector<evidence::Look>(
      const std::string& server, const std::vector<Question>& questions, const std::stop_token& stop)>
      look = {};
};

}  // namespace pgvigil::agent::notify
