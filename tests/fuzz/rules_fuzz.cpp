// Any text as a rule file: rules or diagnostics, never a crash, never long.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/rule_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
#ifdef __clang__
  // With its sanitizer, toml++ 3.3 stops at a statement that it calls unreachable when a word is not ASCII.
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) return 0;
#endif
  const auto book = pgvigil::rules::load_rules({{"fuzz.toml", std::string(text)}}, {});
  if (!book && book.error().empty()) __builtin_trap();
  return 0;
}
