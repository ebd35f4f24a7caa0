#include "collectors/keys/reading.h"

namespace pgvigil::collectors {

void refuse_empty(Section& section, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys)
    if (const auto text = section.peek(key); text && text->empty())
      section.report(key, "'" + std::string(key) + "' is empty");
}

}  // namespace pgvigil::collectors
