#include "agent/config/reference.h"

#include <string_view>

#include "agent/config/notify_sections.h"
#include "agent/config/options.h"
#include "agent/config/reference_text.h"
#include "agent/notify/receivers/receiver.h"

namespace pgvigil::agent {
namespace {

using namespace reference_text;

template <typename Target>
std::string table_of(const std::vector<Option<Target>>& options) {
  std::string table = "| key | type | default | meaning |\n|---|---|---|---|\n";
  for (const auto& option : options) {
    const bool is_toml = option.preset.find_first_not_of("0123456789.") == option.preset.npos ||
                         option.preset.starts_with('"');
    const std::string preset = is_toml ? "`" + option.preset + "`" : option.preset;
    table += "| `" + std::string(option.key) + "` | " + option.type + " | " + preset + " | " +
             std::string(option.meaning) + " |\n";
  }
  return table;
}

/// The thresholds that ship, by kind.
std::string table_of(const rules::advice::ThresholdBook& book) {
  std::string table = "| kind | thresholds |\n|---|---|\n";
  for (const auto& [kind, thresholds] : book) {
    table += "| `" + kind + "` | ";
    for (const rules::Parameter& parameter : thresholds.values) {
      const bool is_text = parameter.written.find_first_not_of("0123456789.") != std::string::npos;
      table += "`" + parameter.name + " = " +
               (is_text ? "\"" + parameter.written + "\"" : parameter.written) + "` ";
    }
    table += "|\n";
  }
  return table;
}

template <typename Target>
std::string part_of(std::string_view title, const OptionGroup<Target>& group) {
  return "## " + std::string(title) + "\n\n" + std::string(group.meaning) + "\n\n" + table_of(group.options) +
         '\n';
}

std::string notify_part() {
  std::string part = part_of("[notify]", notify_group());
  part += std::string(k_receivers_head) + table_of(receiver_options()) + '\n';
  for (const notify::ReceiverType* type : notify::receiver_types())
    part += "### type = \"" + std::string(type->word) + "\"\n\n" + std::string(type->meaning) + "\n\n" +
            table_of(type->options()) + '\n';
  part += part_of("[[route]]", route_group());
  part += part_of("[[inhibit]]", inhibit_group());
  return part + part_of("[mute.NAME]", mute_group());
}

}  // namespace

std::string configuration_page() {
  std::string page(k_head);
  page += std::string(k_server_head) + table_of(server_group().options) + std::string(k_server_tail);
  page += std::string(k_pooler_head) + table_of(pooler_group().options) + '\n';
  for (const auto& group : option_groups()) {
    page += "## [" + std::string(group.section) + "]\n\n" + std::string(group.meaning) + "\n\n";
    page += table_of(group.options) + '\n';
  }
  page += std::string(k_backup_head) + table_of(backup_group().options) + '\n';
  page += notify_part();
  page += std::string(k_module_head) + table_of(auth_module_group().options) + std::string(k_module_tail);
  page += std::string(k_collector_head) + table_of(collector_options()) + std::string(k_tail);
  page += '\n' + std::string(k_advice_head) + table_of(rules::advice::shipped_thresholds());
  return page;
}

}  // namespace pgvigil::agent
