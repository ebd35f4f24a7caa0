#include "collectors/backups/tools/pgbackrest_conf.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "collectors/backups/files/command.h"

namespace pgvigil::backups {
namespace {

constexpr std::size_t k_most_bytes = std::size_t{1} << 20;
constexpr std::array<const char*, 2> k_preset_files = {"/etc/pgbackrest/pgbackrest.conf",
                                                       "/etc/pgbackrest.conf"};
constexpr std::string_view k_command = ":backup";  // it expires, too

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view k_blanks = " \t\r";
  const auto begin = text.find_first_not_of(k_blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(k_blanks) - begin + 1);
}

std::optional<std::size_t> number_in(const std::string& text) {
  std::size_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A retention may be of 9,999,999 days, which is more than a Timestamp can tell.
double days_between(Timestamp from, Timestamp to) {
  return std::chrono::duration<double, std::chrono::days::period>(to - from).count();
}

}  // namespace

PgbackrestConf::PgbackrestConf(std::string_view text, std::string_view stanza) {
  const std::string own(stanza);
  // From the weakest to the strongest.
  const std::array<std::string, 4> sections = {"global", "global" + std::string(k_command), own,
                                               own + std::string(k_command)};
  std::map<std::string, std::size_t, std::less<>> strength;
  std::size_t section = sections.size();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('[') && line.ends_with(']'))
      section = static_cast<std::size_t>(std::ranges::find(sections, line.substr(1, line.size() - 2)) -
                                         sections.begin());
    const std::size_t equal = line.find('=');
    if (equal == line.npos || line.starts_with('#') || section == sections.size()) continue;
    const std::string option(trimmed(line.substr(0, equal)));
    const auto known = strength.find(option);
    if (known != strength.end() && known->second > section) continue;
    strength[option] = section;
    values_[option] = std::string(trimmed(line.substr(equal + 1)));
  }
}

std::string PgbackrestConf::value(const std::string& option) const {
  const auto found = values_.find(option);
  return found == values_.end() ? "" : found->second;
}

std::optional<PgbackrestConf> read_pgbackrest_conf(const Source& source, const std::string& stanza) {
  if (!source.config_file.empty()) {
    const auto text = read_whole_file(source.config_file, k_most_bytes);
    return text ? std::optional(PgbackrestConf(*text, stanza)) : std::nullopt;
  }
  for (const char* file : k_preset_files)
    if (const auto text = read_whole_file(file, k_most_bytes)) return PgbackrestConf(*text, stanza);
  return std::nullopt;
}

PgbackrestPlace place_of(const PgbackrestConf& conf, const std::string& key) {
  const std::string option = "repo" + key + "-";
  const std::string host = conf.value(option + "host");
  if (!host.empty() && host != "localhost") return {"", Place::other_host};
  const std::string type = conf.value(option + "type");
  if (type == "s3" || type == "azure" || type == "gcs") return {"", Place::object_store};
  if (type == "sftp") return {"", Place::other_host};
  return {conf.value(option + "path"), Place::unknown};
}

void apply_retention(const PgbackrestConf& conf, Timestamp now, Repository& repository) {
  const std::string option = "repo" + repository.key + "-retention-full";
  const auto kept = number_in(conf.value(option));
  const bool in_days = conf.value(option + "-type") == "time";
  std::size_t before = 0;  // as many that stand alone were looked at
  bool has_reached_back = false;
  for (auto backup = repository.backups.rbegin(); backup != repository.backups.rend(); ++backup) {
    if (!stands_alone(backup->kind) || !backup->stop) continue;
    if (!kept)
      backup->expires = false;
    else if (!in_days)
      backup->expires = ++before >= *kept;
    else {
      // One that is older stays, so that every moment of those days can be restored.
      backup->expires = has_reached_back;
      has_reached_back = has_reached_back || days_between(*backup->stop, now) >= static_cast<double>(*kept);
    }
  }
}

}  // namespace pgvigil::backups
