#pragma once

#include <string>
#include <vector>

#include "agent/http/message.h"

namespace pgvigil::agent {

/// What goes to a client as it stands.
struct Reply {
  std::string head;  ///< status line, headers and blank line
  std::vector<Body::Piece> body;
  Body::Source source = {};  ///< of what follows them; may be empty
  bool keep_alive = false;   ///< whether the connection stays open afterwards
};

}  // namespace pgvigil::agent
