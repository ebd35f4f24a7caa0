// Any text as a definition file: a definition or diagnostics, never a crash, never long.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "collectors/definition.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto parsed = pgvigil::collectors::parse_definition(text, "fuzz.toml");
  // Either it is good, or it is told why not.
  if (!parsed && parsed.error().empty()) __builtin_trap();
  return 0;
}
