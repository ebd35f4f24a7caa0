// How pgvigil serves, answers queries, logs and remembers.

#include "agent/config/address.h"
#include "agent/config/option_groups.h"
#include "agent/options/kinds.h"

namespace pgvigil::agent {

using namespace std::chrono_literals;
using namespace kinds;

namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, 2> k_format_words = {"logfmt", "json"};
constexpr std::array<std::string_view, 4> k_level_words = {"debug", "info", "warning", "error"};

Option<Config> listen_option() {
  const HttpConfig preset;
  return {"listen", "\"host:port\"", in_quotes(to_string(Address{preset.host, preset.port})),
          "Where to serve. A missing host is every IPv4 address, `[::]` every address, port 0 a free one.",
          [](Section& section, Config& config) {
            const auto text = section.string("listen");
            if (!text) return;
            const auto address = parse_address(*text);
            if (!address) return section.report("listen", address.error().message, address.error().hint);
            config.http.host = address->host;
            config.http.port = address->port;
          }};
}

}  // namespace

OptionGroup<Config> http_group() {
  return {
      "http",
      "Where pgvigil serves. A change needs a restart.",
      {listen_option(),
       integer<Config>(
           "threads", 1, 64, [](Config & c) -> auto& { return c.http.threads; },
           "Threads that answer requests."),
       integer<Config>(
           "query_threads", 1, 64, [](Config & c) -> auto& { return c.http.query_threads; },
           "Threads that evaluate queries of `/api/v1`, and nothing else: further queries wait, and never "
           "keep `/metrics` or `/livez` waiting."),
       integer<Config>(
           "max_connections", 1, 10'000, [](Config & c) -> auto& { return c.http.max_connections; },
           "Connections that are open or wait; further ones are closed at once.")},
      {}};
}

OptionGroup<Config> query_group() {
  return {"query",
          "What one query of `/api/v1` may take; see [api.md](api.md).",
          {duration<Config>(
               "timeout", 100ms, [](Config & c) -> auto& { return c.query.timeout; },
               "From the complete request on, the wait for a thread included. A request may ask for less."),
           integer<Config>(
               "max_samples", 1'000, 1'000'000'000, [](Config & c) -> auto& { return c.query.max_samples; },
               "Samples that it holds at a time, of 8 to 16 bytes each."),
           bytes<Config>(
               "max_response", Bytes{10'000}, [](Config & c) -> auto& { return c.query.max_response; },
               "What its answer may have.")},
          {}};
}

OptionGroup<Config> log_group() {
  return {
      "log",
      "The log: one line per event, on standard error.",
      {word<Config>(
           "format", k_format_words, [](Config & c) -> auto& { return c.log.format; }, "How a line looks."),
       word<Config>(
           "level", k_level_words, [](Config & c) -> auto& { return c.log.level; },
           "The least that is logged.")},
      {}};
}

OptionGroup<Config> state_group() {
  return {"state",
          "What survives a restart: the states of alerts, and what is still to be told. A change needs a "
          "restart.",
          {text<Config>(
              "directory", "path", [](Config & c) -> auto& { return c.state.directory; },
              "Where it is kept, as `pgvigil.db`; it is made when it is not there. Without one, and where it "
              "cannot "
              "be used, state is kept in memory, and the log says so.",
              "none")},
          {}};
}

}  // namespace pgvigil::agent
