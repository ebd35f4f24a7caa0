#pragma once

#include <expected>
#include <functional>
#include <stop_token>
#include <string>

#include "collectors/model/error.h"
#include "collectors/model/secret.h"
#include "collectors/model/units.h"

namespace pgvigil::backups {

/// A GET over HTTPS with a token.
struct FetchRequest {
  std::string url;
  Secret token;         ///< of the header Authorization: Bearer
  std::string ca_file;  ///< PEM; empty: the system's
};

struct Fetched {
  int status = 0;
  std::string body;  ///< the first 16 MiB
};

/// Asks whom the collectors do not know how to reach. An error when there is no answer by the deadline;
/// whatever is answered comes back with its status.
using Fetch =
    std::function<std::expected<Fetched, Error>(const FetchRequest&, Deadline, const std::stop_token&)>;

}  // namespace pgvigil::backups
