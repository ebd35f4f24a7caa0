// Any text as the agent's configuration: one or diagnostics, never a crash, never long; and what of a bad one
// can be salvaged.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/config/parse.h"

using namespace pgvigil;
using namespace pgvigil::agent;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const ConfigFile file{"fuzz.toml", std::string(reinterpret_cast<const char*>(bytes), size)};
  Surroundings surroundings;
  surroundings.environment = [](std::string_view) { return std::optional<std::string>(); };
  surroundings.read_file = [](const std::string&) {
    return std::expected<std::string, std::string>("secret\n");
  };
  surroundings.read_definitions = [](const std::string&, bool) {
    return std::vector<collectors::DefinitionFile>{};
  };
  const auto config = parse_config(file, surroundings);
  if (!config && config.error().empty()) __builtin_trap();
  (void)salvage_config(file);
  return 0;
}
