#pragma once

#include <utility>

#include "agent/watching/target/target.h"

namespace pgvigil::agent {

/// A job on tour: its rows of all databases, and what they cost.
struct Target::Ride {
  Ride(std::size_t number, collectors::Plan chosen, const collectors::CollectLimits& limits)
      : job(number), plan(std::move(chosen)), collector(plan, limits) {}

  std::size_t job;
  collectors::Plan plan;
  collectors::SqlCollector collector;
  double database_seconds = 0;
  bool collected = false;  // in one database at least
};

}  // namespace pgvigil::agent
