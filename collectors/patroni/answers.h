#pragma once

#include <expected>
#include <string_view>

#include "collectors/model/error.h"
#include "collectors/text_rows.h"

namespace pgvigil::patroni {

using collectors::TextRows;

/// What GET /metrics of Patroni's REST API tells: a row for each `scope` and `name`, and a column for each
/// metric, without "patroni_". Series with other labels are passed over. Error `query` when there is no such
/// metric in it.
std::expected<TextRows, Error> parse_metrics(std::string_view text);

/// What GET /cluster tells: a row for each member of the cluster, with the columns `scope`, `member`, `role`,
/// `state`, `leader` and `running` (0 or 1), `timeline`, `lag` (bytes behind the leader) and
/// `pending_restart`. What is not told is as NULL is. Error `query` when it is no such JSON.
std::expected<TextRows, Error> parse_cluster(std::string_view json);

}  // namespace pgvigil::patroni
