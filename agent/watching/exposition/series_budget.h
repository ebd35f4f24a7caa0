#pragma once

#include <cstdint>
#include <limits>
#include <mutex>

namespace pgvigil::agent {

/// The series that all collectors on all servers may have together. Who comes when they are gone gets what is
/// left. Any thread may use it.
class SeriesBudget {
 public:
  struct Use {
    std::size_t most = 0;       ///< allowed
    std::size_t held = 0;       ///< now
    std::uint64_t dropped = 0;  ///< wanted and not allowed, since the start of the process
  };

  /// What is held already stays, even beyond it.
  void configure(std::size_t most);
  /// Gives `held` back and takes as many of `wanted` as there are; that number comes back.
  std::size_t exchange(std::size_t held, std::size_t wanted);
  Use use() const;

 private:
  mutable std::mutex mutex_;
  Use use_{.most = std::numeric_limits<std::size_t>::max()};
};

}  // namespace pgvigil::agent
