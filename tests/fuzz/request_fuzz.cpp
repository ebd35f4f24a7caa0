// Any bytes from an HTTP client: framed within bounds, each request with one answer with a status line, never
// a crash.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/http/protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace pgvigil::agent;
  static const Router router(
      {{RouteKind::get, "/metrics", [](const Request&) -> Response { return {.body = "1\n"}; }},
       {RouteKind::post, "/-/reload", [](const Request&) -> Response { return {}; }},
       {RouteKind::get_and_post, "/q/{name}",
        [](const Request& request) -> Response { return {.body = request.captured}; }, "",
        BodyRule{1000, k_form_type}}});
  static const HttpLimits limits;
  static const BodyRoom room = [](std::string_view head) { return router.body_room(head); };
  RequestReader reader(limits, room);
  Protocol protocol(router);
  std::string_view input(reinterpret_cast<const char*>(bytes), size);
  while (!input.empty()) {
    const std::size_t count = std::min<std::size_t>({input.size(), reader.room(), 700});
    if (count == 0) __builtin_trap();
    reader.add(input.substr(0, count));
    input.remove_prefix(count);
    (void)reader.take_continue();
    while (reader.complete()) {
      const RawRequest request = reader.take();
      if (request.body.size() > 1000) __builtin_trap();
      const auto answer = protocol.answer(request, [] { return false; });
      if (!answer.reply.head.empty() && !answer.reply.head.starts_with("HTTP/1.1 ")) __builtin_trap();
      if (!answer.reply.keep_alive) return 0;
    }
  }
  return 0;
}
