// Any bytes as the head of an HTTP request: always one answer with a status line, never a crash.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/http/protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace pgvigil::agent;
  static const Router router({{RouteKind::get, "/metrics", [](const Request&) -> Response { return {.body = "1\n"}; }},
                              {RouteKind::post, "/-/reload", [](const Request&) -> Response { return {}; }}});
  Protocol protocol(router, 64);
  const auto answer = protocol.answer(std::string_view(reinterpret_cast<const char*>(bytes), size));
  if (!answer.reply.head.empty() && !answer.reply.head.starts_with("HTTP/1.1 ")) __builtin_trap();
  return 0;
}
