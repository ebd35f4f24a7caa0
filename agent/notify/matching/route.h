#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "agent/notify/matching/matchers.h"

namespace pgvigil::agent::notify {

/// How alerts become messages.
struct Grouping {
  std::vector<std::string> by = {"alertname", "cluster"};  ///< labels; "..." alone: each alert for itself
  std::chrono::milliseconds wait{10'000};           ///< from a group's first alert to its first message
  std::chrono::milliseconds interval{60'000};       ///< between messages about what changed
  std::chrono::milliseconds repeat{4 * 3'600'000};  ///< between messages when nothing changed

  std::chrono::milliseconds evidence_wait{250};  ///< that a message which is due waits for its evidence

  bool operator==(const Grouping&) const = default;
};

/// Alerts that all matchers match go to these receivers.
struct Route {
  Matchers matchers = {};
  std::vector<std::string> receivers = {};  ///< none: nobody is told
  bool goes_on = false;                     ///< later routes are looked at as well
  Grouping grouping = {};
  std::vector<std::string> mute = {};    ///< names of times at which it is quiet
  std::vector<std::string> active = {};  ///< names of times outside of which it is quiet
};

/// The positions of the routes that an alert takes, in their order.
std::vector<std::size_t> routes_of(std::span<const Route> routes, const promql::Labels& labels);

/// The labels that the group of an alert has.
promql::LabelsPtr group_labels(const Grouping& grouping, const promql::LabelsPtr& labels);

}  // namespace pgvigil::agent::notify
