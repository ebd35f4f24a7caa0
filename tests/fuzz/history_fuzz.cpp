// Any bytes as a saved history, and a good one with damage: a whole one or an error, never a crash, never
// long.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/history/history.h"
#include "rules/promql/hash.h"

using namespace pgvigil::rules;
using pgvigil::promql::Labels;

namespace {

constexpr std::string_view k_head = "pgvigil history 1\n";

/// Between what a history begins and ends with, so that its checksum does not refuse all there is.
std::string as_history(std::string_view body) {
  std::string bytes = std::string(k_head) + std::string(body);
  const std::uint64_t sum = pgvigil::promql::xxhash64(bytes);
  for (unsigned i = 0; i < 8; ++i)
    bytes += static_cast<char>(sum >> (8 * i) & 0xFF);
  return bytes;
}

/// The body of a history of two sources.
const std::string& good_body() {
  static const std::string body = [] {
    History history({});
    for (int tick = 0; tick < 50; ++tick) {
      std::vector<Reading> readings;
      for (const char* name : {"a", "b"})
        if (tick % 7 != 6) readings.push_back({Labels::make({{"__name__", name}, {"x", "y"}}), tick * 1.5});
      history.append("one", tick * 15'000, 300'000, readings);
      history.append("two", tick * 10'001, 300'000, readings);
    }
    const std::string bytes = history.serialised();
    return bytes.substr(k_head.size(), bytes.size() - k_head.size() - 8);
  }();
  return body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string body(reinterpret_cast<const char*>(bytes), size);
  if (size >= 3 && bytes[0] % 4 != 0) {  // in place of what stands somewhere in a good one
    const std::size_t at = (bytes[1] * 256U + bytes[2]) % good_body().size();
    body = std::string(good_body()).replace(at, bytes[0] % 4 == 1 ? size - 3 : 0, body.substr(3));
  }
  const auto history = History::load(as_history(body), {});
  // What is accepted is whole.
  if (history && !History::load(history->serialised(), {})) __builtin_trap();
  return 0;
}
