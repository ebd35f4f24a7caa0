// Any text as an answer of Patroni: rows or an error with words, never a crash, never long.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "collectors/patroni/answers.h"

using namespace pgvigil::patroni;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  for (const auto& rows : {parse_metrics(text), parse_cluster(text)})
    if (!rows && rows.error().message.empty()) __builtin_trap();
  return 0;
}
