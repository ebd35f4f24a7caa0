#pragma once

#include "agent/http/api/data.h"
#include "agent/http/message.h"

namespace pgvigil::agent::api {

/// Rules in their groups, with their alerts: type=alert|record, rule_name[], rule_group[], file[],
/// exclude_alerts=true, match[] (over the labels that rules add).
Response rules(const Data& data, const Request& request);

/// The alerts that are pending or firing.
Response alerts(const Data& data);

}  // namespace pgvigil::agent::api
