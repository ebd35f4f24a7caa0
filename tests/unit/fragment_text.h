#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/watching/exposition/fragment.h"

namespace pgvigil::test {

/// All that fragments hold, as one text.
inline std::string text_of(std::vector<std::shared_ptr<const agent::Fragment>> fragments) {
  agent::FragmentReader reader(std::move(fragments));
  std::string text;
  for (std::string piece = reader.next(); !piece.empty(); piece = reader.next())
    text += piece;
  return text;
}

}  // namespace pgvigil::test
