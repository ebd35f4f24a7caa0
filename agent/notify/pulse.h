#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <string>

#include "agent/notify/receivers/delivery.h"
#include "agent/notify/shared.h"

namespace pgvigil::agent::notify {

/// Tells a heartbeat receiver, every so often, that all is well, and at the end that pgvigil stops.
class Pulse {
 public:
  /// `trouble` says why all is not well; empty: it is. `stopping` tells the end of the process from that of a
  /// configuration.
  Pulse(Shared& shared,
        ReceiverSettings settings,
        const std::function<std::string()>& trouble,
        const std::atomic<bool>& stopping);
  void run(const std::stop_token& stop);

 private:
  void tell(const std::string& trouble, const std::stop_token& stop);

  Shared& shared_;
  Delivery delivery_;
  const std::function<std::string()>& trouble_;
  const std::atomic<bool>& stopping_;
};

}  // namespace pgvigil::agent::notify
