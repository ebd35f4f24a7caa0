#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "agent/notify/message/notification.h"
#include "agent/transport/request.h"

namespace pgvigil::agent::notify {

/// The message in the form of Alertmanager's webhooks, version 4, with at most `max_alerts` alerts; the rest
/// is counted in truncatedAlerts. Evidence stands in a further field of the message: a list of what
/// evidence_json() gives, each with the fingerprints of its `alerts`.
std::string webhook_json(const Notification& notification, std::size_t max_alerts, bool with_evidence = true);

/// The alerts as POST /api/v2/alerts of an Alertmanager takes them. What fires ends `resolve_timeout` from
/// now, unless it is sent again. Evidence is an annotation, of 8,000 bytes at the most.
std::string alertmanager_json(const Notification& notification,
                              std::chrono::milliseconds resolve_timeout,
                              bool with_evidence = true);

/// A request with JSON for its body.
transport::HttpRequest json_post(Secret url, const nlohmann::json& body, const Secret& authorization = {});

/// Each look behind these alerts once, as evidence_json() gives it, with the fingerprints of its `alerts`.
nlohmann::json looks_json(std::span<const Alert> alerts);

/// JSON as text; bytes that are no UTF-8 are replaced.
std::string text_of(const nlohmann::json& json);

}  // namespace pgvigil::agent::notify
