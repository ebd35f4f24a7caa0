#include "collectors/backups/surroundings/drills.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "collectors/backups/files/command.h"
#include "collectors/backups/files/json_text.h"

namespace pgvigil::backups {
namespace {

constexpr std::size_t k_most_bytes = std::size_t{1} << 20;
constexpr std::size_t k_most_files = 1000;

Error no_drill(const std::string& what) {
  return {ErrorKind::query, "this is no result of a restore drill: " + what};
}

}  // namespace

std::expected<Drill, Error> parse_drill(std::string_view json) {
  const Json result = Json::parse(json, nullptr, false);
  if (result.is_discarded()) return std::unexpected(no_drill("no JSON"));
  if (text_at(result, "format") != "pgvigil-restore-drill/1")
    return std::unexpected(no_drill("its format is not pgvigil-restore-drill/1"));
  Drill drill;
  if (const Json* source = find(result, "source")) {
    drill.tool = text_at(*source, "tool").value_or("");
    drill.stanza = text_at(*source, "stanza").value_or("");
    drill.label = text_at(*source, "label").value_or("");
    if (const auto number = number_at(*source, "repository")) drill.repository = std::to_string(*number);
  }
  drill.finished = time_at(result, "finished_at");
  if (const Json* seconds = find(result, "restore_seconds"); seconds != nullptr && seconds->is_number())
    drill.restore_seconds = seconds->get<double>();
  drill.recovered_until = time_at(result, "recovered_until");
  drill.passed = text_at(result, "outcome") == "passed";
  drill.why = text_at(result, "why").value_or("");
  if (!drill.finished) return std::unexpected(no_drill("finished_at is missing"));
  return drill;
}

std::vector<Drill> read_drills(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code fault;
  for (std::filesystem::directory_iterator at(folder, fault), end; !fault && at != end; at.increment(fault)) {
    const std::string name = at->path().filename().string();
    if (name.ends_with(".json") && !name.starts_with('.')) names.push_back(at->path().string());
  }
  std::ranges::sort(names, std::greater<>{});
  if (names.size() > k_most_files) names.resize(k_most_files);
  std::vector<Drill> drills;
  for (const std::string& name : names)
    if (const auto text = read_whole_file(name, k_most_bytes))
      if (auto drill = parse_drill(*text)) drills.push_back(std::move(*drill));
  std::ranges::stable_sort(drills, {}, &Drill::finished);
  return drills;
}

}  // namespace pgvigil::backups
