#pragma once

#include <expected>
#include <functional>
#include <stop_token>
#include <string>

#include "collectors/local_collector.h"

namespace pgvigil::patroni {

/// Where Patroni's REST API is.
struct Address {
  std::string url;      ///< "http://127.0.0.1:8008"; empty: there is none
  std::string ca_file;  ///< PEM; empty: the system's
  bool operator==(const Address&) const = default;
};

/// The body of what GET gives at this path ("/metrics"), or why there is none. It does not block past the
/// deadline.
using Get = std::function<std::expected<std::string, Error>(
    const std::string& path, Deadline, const std::stop_token&)>;

/// Collects what definitions with scope = "patroni" ask for, of the Patroni beside one server.
class PatroniCollector final : public collectors::LocalCollector {
 public:
  explicit PatroniCollector(Get get);
  Outcome collect(const collectors::Plan& plan,
                  const collectors::CollectLimits& limits,
                  Deadline deadline,
                  const std::stop_token& stop) override;

 private:
  Get get_;
};

}  // namespace pgvigil::patroni
