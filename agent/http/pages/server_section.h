#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/http/pages/status_page.h"

namespace pgvigil::agent {

/// What is known of the only server, of its databases, of the advice for it and of its collectors, as HTML.
std::string server_section(const ServerView& server, Timestamp now);

/// Several servers: a line each, and then what is known of each. Empty when there are none.
std::string servers_section(std::string_view title, const std::vector<ServerView>& servers, Timestamp now);

}  // namespace pgvigil::agent
