#pragma once

#include <cstdint>

namespace pgvigil::agent {

/// What this process costs, from /proc/self and getrusage(2). Fields that cannot be read are 0.
struct ProcessUsage {
  double cpu_seconds = 0;  ///< user and system, since the start
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t max_descriptors = 0;
  std::uint64_t threads = 0;
  double start_seconds = 0;  ///< since the Unix epoch
};

ProcessUsage process_usage();

}  // namespace pgvigil::agent
