#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collectors/evidence/evidence.h"
#include "collectors/model/units.h"
#include "rules/promql/labels.h"

namespace pgvigil::agent::notify {

using Annotations = std::vector<std::pair<std::string, std::string>>;

/// What was seen on a server when an alert fired: who blocks whom, who holds the connections.
struct Evidence {
  std::string id;  ///< of this look
  evidence::Evidence seen;
  std::string server = {};   ///< its name, where several are watched
  std::string trouble = {};  ///< why nothing was seen; empty: it was

  bool operator==(const Evidence&) const = default;
};
using EvidenceList = std::vector<std::shared_ptr<const Evidence>>;  ///< alerts of one moment share theirs

/// What is behind an alert: what was seen, and what is still to be looked for.
struct Dossier {
  std::vector<std::string> wanted = {};  ///< names of evidence
  Timestamp since = {};                  ///< when it was asked for
  unsigned looks = 0;                    ///< that were begun: a crash on the way does not make them endless
  EvidenceList evidence = {};

  bool is_complete() const { return wanted.empty(); }
  bool shows_anything() const;
};

/// One alert as it is told: it fires, or it did and is resolved.
struct Alert {
  promql::LabelsPtr labels;
  Annotations annotations = {};
  double value = 0;
  Timestamp fired_at = {};
  std::optional<Timestamp> resolved_at = {};
  std::optional<Timestamp> unknown_since = {};  ///< since when nothing is known of it
  bool flapping = false;
  bool of_cluster = false;  ///< its rule has scope = "cluster": the agent of the primary tells it
  std::vector<double> recent =
      {};  ///< the value over the last half hour, oldest first; NaN where there was none
  Dossier dossier = {};

  bool fires() const { return !resolved_at; }
  std::string_view name() const { return labels->get("alertname"); }
  std::string_view severity() const { return labels->get("severity"); }
  /// The text of an annotation; empty when it is not there.
  std::string_view annotation(std::string_view name) const;
};

/// Sixteen hexadecimal digits that stand for a label set: Alertmanager's fingerprint (FNV-1a of 64 bits over
/// the sorted names and values, each followed by 0xff).
std::string fingerprint(const promql::Labels& labels);

/// Why a message goes out.
enum class Cause : std::uint8_t {
  firing,     ///< the first of its group
  changed,    ///< further alerts fire, or some are resolved
  completed,  ///< the evidence came after the message
  resolved,   ///< none fires any more
  repeated,   ///< nothing changed for repeat_interval
  test,       ///< somebody asked for a sample
};
std::string_view to_string(Cause cause);

/// One message to one receiver about one group of alerts, as the world is when it is rendered.
struct Notification {
  std::string receiver;
  std::string group;  ///< the key of the group: stable, and unique within the receiver
  std::string id;     ///< the same for every attempt to tell this state: the idempotency key
  Cause cause = Cause::firing;
  Timestamp now = {};
  promql::LabelsPtr group_labels = promql::Labels::none();
  std::vector<Alert> alerts;                ///< those that fire first, the worst and then the oldest first
  std::string external_url = {};            ///< of pgvigil, without a slash at its end; may be empty
  std::string note = {};                    ///< stands before everything: "slack is unavailable"
  std::optional<Timestamp> due_since = {};  ///< when it should have gone out, where that is long ago
  std::string memory = {};  ///< what the receiver remembered of its last message about this group

  bool is_known = false;  ///< whether the receiver was told that the group fires

  bool fires() const { return !alerts.empty() && alerts.front().fires(); }
  std::size_t firing() const;
  std::string_view status() const { return fires() ? "firing" : "resolved"; }
  /// The worst severity among the alerts; empty when none has one.
  std::string_view severity() const;
  promql::LabelsPtr common_labels() const;
  Annotations common_annotations() const;
};

/// critical, error, warning, info and what else there is: smaller is worse.
int rank_of_severity(std::string_view severity);

/// What the alert at this place brings with it, but for what an earlier one does already.
EvidenceList own_evidence(const Notification& notification, std::size_t place);

/// Puts the alerts of a notification into their order.
void sort_alerts(std::vector<Alert>& alerts);

}  // namespace pgvigil::agent::notify
