// Any text as a rule file of Prometheus: rules or an error with words, never a crash, never long; and what is
// written of it is a rule file of ours.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/commands/rules_import_toml.h"
#include "agent/commands/rules_import_yaml.h"
#include "rules/rule_file.h"

using namespace pgvigil;
using namespace pgvigil::agent;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
#ifdef __clang__
  // As in rules_fuzz.cpp.
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) return 0;
#endif
  Diagnostics left_out;
  auto groups = read_prometheus_rules(text, "fuzz.yml", left_out);
  if (!groups) {
    if (groups.error().message.empty()) __builtin_trap();
    return 0;
  }
  const std::vector<PrometheusRuleFile> files{{"fuzz.yml", std::move(*groups)}};
  const ImportedRules imported = import_rules(files);
  if (imported.rules > 0 && !rules::load_rules({{"fuzz.toml", imported.toml}}, {})) __builtin_trap();
  return 0;
}
