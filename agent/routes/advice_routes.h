#pragma once

#include "agent/http/message.h"

namespace pgvigil::agent {

class Agent;

/// GET /api/v1/advice: {"status": "success", "data": {"servers": [{"server", "looked_at", "trouble",
/// "opinions": [...]}]}}, see advice_json.h; each piece of advice has "dismissed": null or {"reason",
/// "until"}. `kind` and `server` choose.
Response advice_answer(const Agent& agent, const Request& request);

/// POST /api/v1/advice/dismiss with a form: id, reason, until (a date, a time, or "90d" from now, which it is
/// without), and server where it is of one only. {"status": "success", "data": {"id", "until"}}, that in RFC
/// 3339.
Response dismiss_advice(const Agent& agent, const Request& request);

}  // namespace pgvigil::agent
