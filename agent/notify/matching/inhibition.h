#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/notify/matching/matchers.h"
#include "agent/notify/message/notification.h"

namespace pgvigil::agent::notify {

/// While an alert fires that matches `source`, alerts that match `target` and have the same `equal` labels
/// are not told. A label that both lack is equal, as in Alertmanager.
struct Inhibition {
  Matchers source;
  Matchers target;
  std::vector<std::string> equal;
};

/// Alerts that fire now (or did until a moment ago: the caller decides), prepared for questions.
class Inhibitor {
 public:
  Inhibitor(std::span<const Inhibition> rules, std::span<const promql::LabelsPtr> firing);

  /// The alert that keeps this one quiet; null when none does. None keeps itself quiet, and an alert that is
  /// source and target of the same rule is not kept quiet by another such one.
  const promql::Labels* source_of(const promql::Labels& labels) const;

 private:
  struct Prepared {
    const Inhibition* rule;
    std::vector<promql::LabelsPtr> sources;
  };
  std::vector<Prepared> prepared_;
};

}  // namespace pgvigil::agent::notify
