#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/promql/histogram_watch.h"
#include "tests/promql/script.h"

namespace pgvigil::promql::conformance {

struct Tally {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t unsupported = 0;  ///< cases about native histograms and info()

  Tally& operator+=(const Tally& other) {
    passed += other.passed;
    failed += other.failed;
    unsupported += other.unsupported;
    return *this;
  }
};

struct FailedCase {
  std::size_t line = 0;
  std::string expr;
  std::string why;
};

struct Report {
  Tally tally;
  std::vector<FailedCase> failures;
};

/// Runs the commands of one script, one after the other. An instant case is checked four ways: as it is;
/// pinned to its time with @ and evaluated at other times; as the middle step of a range query; and printed
/// and parsed again.
Report run_script(const std::vector<Command>& commands);

}  // namespace pgvigil::promql::conformance
