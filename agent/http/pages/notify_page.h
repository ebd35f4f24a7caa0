#pragma once

#include <string>

#include "agent/http/pages/notify_view.h"

namespace pgvigil::agent {

/// The page at "/notifications", which answers at night: was I told, or why not? It shows how the receivers
/// fare, what is done about each group of alerts, the silences, and the last decisions. Without receivers it
/// says how to have one.
std::string notify_html(const NotifyView& view);

/// The same as JSON, at "/api/v1/notifications": {"status", "data": {"receivers", "groups", "decisions"}};
/// silences have an endpoint of their own.
std::string notify_json(const NotifyView& view);

}  // namespace pgvigil::agent
