// Any text as an annotation: a template or an error within it, never a crash, never long.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rules/template/template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto parsed = pgvigil::rules::Template::parse(text);
  if (!parsed && parsed.error().offset > text.size()) __builtin_trap();
  if (parsed) (void)parsed->render({});
  return 0;
}
