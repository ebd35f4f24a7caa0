#pragma once

#include "agent/http/api/data.h"
#include "agent/http/message.h"

namespace pgvigil::agent::api {

/// What is watched: state=active|dropped|any, scrapePool=postgres|pgbouncer|host.
Response targets(const Data& data, const Request& request);

/// Types, help and units of the metrics that are served: metric=, limit=, limit_per_metric=.
Response metadata(const Data& data, const Request& request);

/// The program, in the form of Prometheus's: Grafana looks here for what it talks to.
Response build_info();
Response runtime_info(const Data& data);

}  // namespace pgvigil::agent::api
