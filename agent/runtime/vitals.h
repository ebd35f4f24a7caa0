#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/notify/planning/figures.h"
#include "agent/watching/status.h"
#include "collectors/model/units.h"

namespace pgvigil::agent {

/// What a heartbeat stands for, as of now.
struct Vitals {
  struct Watched {
    std::string name;         ///< for people
    bool alive = true;        ///< its threads come back
    bool in_trouble = false;  ///< no answer, and it is known why
    std::vector<CollectorStatus> collectors = {};
  };
  std::vector<Watched> watched = {};
  Timestamp last_evaluation = {};
  std::chrono::milliseconds evaluation_interval{15'000};
  std::vector<notify::ReceiverFigures> receivers = {};
};

/// Why pgvigil does not do its work; empty: it collects, judges and tells. A server that gives no answer is
/// no fault of pgvigil's, which sees that and tells it; one that answers, and of which nothing is collected
/// within four intervals, is. Pure.
std::string trouble_of(const Vitals& vitals, Timestamp now);

}  // namespace pgvigil::agent
