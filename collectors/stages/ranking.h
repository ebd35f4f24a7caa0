#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pgvigil::collectors {

/// How one row fares in one ranking: by `score`, and among equals by `tie`.
struct Score {
  double score = 0;
  double tie = 0;
  bool ranked = true;  ///< false: the row has nothing to show here, and is chosen last
};

/// A row's claim to be among the top ones.
struct Seat {
  bool taken = false;       ///< it is among them
  std::uint8_t behind = 0;  ///< runs in a row in which it was clearly not good enough
};

/// The first `limit` rows over several rankings of the same rows: the best of each in turn, each row once,
/// then those that no ranking names. Among equals those that have a seat go first, so that nothing moves by
/// itself.
std::vector<std::size_t> best_in_turn(std::span<const std::vector<Score>> rankings,
                                      std::size_t limit,
                                      std::span<const Seat> seats);

/// Gives the `count` seats anew, with hysteresis: whoever has one keeps it until it has been clearly behind
/// (beyond count + a tenth) for k_patience runs; seats that are free go to the best of those that have none.
void give_seats(std::span<const std::vector<Score>> rankings, std::size_t count, std::span<Seat> seats);

inline constexpr std::uint8_t k_patience = 3;

}  // namespace pgvigil::collectors
