#include "collectors/keys/range.h"

namespace pgvigil::collectors {
namespace {

constexpr std::array<std::string_view, 3> k_role_words = {"any", "primary", "standby"};  // as the enumerators

VersionRange read_versions(Section& section, Reading& reading) {
  const auto text = section.string("versions");
  const auto versions = text ? parse_versions(*text, reading.definition.kind) : std::nullopt;
  if (versions) return *versions;
  if (section.has("versions")) reading.knows_ranges = false;
  if (text)
    section.report("versions", "bad versions '" + *text + "'",
                   is_pooler(reading.definition.kind)
                       ? "Write the pooler's versions: \"1.23-\", \"1.18-1.22\" or \"1.24\"."
                       : "Write major versions: \"13-\", \"13-16\" or \"17\".");
  return {};
}

std::vector<Generation> read_generations(Section& section, Reading& reading) {
  std::vector<Generation> generations;
  if (const auto words = section.choices("compatibility", k_generation_words))
    for (const std::size_t word : *words)
      generations.push_back(Generation{static_cast<std::uint8_t>(word)});
  else if (section.has("compatibility"))
    reading.knows_ranges = false;
  return generations;
}

std::optional<RoleFilter> role_at(Section& section) {
  const auto word = section.choice("role", k_role_words);
  return word ? std::optional(RoleFilter{static_cast<std::uint8_t>(*word)}) : std::nullopt;
}

}  // namespace

RoleFilter read_role(Section& section) {
  return role_at(section).value_or(RoleFilter::any);
}

void read_range(Section& section, Reading& reading, QueryDefinition& query) {
  query.line = section.line();
  query.versions = read_versions(section, reading);
  query.generations = read_generations(section, reading);
  const auto role = role_at(section);
  if (!role && section.has("role")) reading.knows_ranges = false;
  query.role = role.value_or(RoleFilter::any);
}

void read_range(Section& section, Reading& reading, MetricDefinition& metric) {
  metric.line = section.line();
  metric.versions = read_versions(section, reading);
  metric.generations = read_generations(section, reading);
}

}  // namespace pgvigil::collectors
