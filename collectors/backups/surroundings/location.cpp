#include "collectors/backups/surroundings/location.h"

#include <sys/stat.h>

#include <array>

#include "collectors/backups/files/command.h"

namespace pgvigil::backups {
namespace {

constexpr std::size_t k_most_configuration = std::size_t{1} << 20;
constexpr std::array<const char*, 2> k_preset_files = {"/etc/pgbackrest/pgbackrest.conf", "/etc/pgbackrest.conf"};

std::optional<dev_t> device_of(const std::string& path) {
  struct stat told {};
  if (path.empty() || stat(path.c_str(), &told) != 0) return std::nullopt;
  return told.st_dev;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view k_blanks = " \t\r";
  const auto begin = text.find_first_not_of(k_blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(k_blanks) - begin + 1);
}

/// The value of a line "key=value", in whatever section; empty when there is none.
std::string value_of(std::string_view configuration, const std::string& key) {
  while (!configuration.empty()) {
    const std::size_t end = std::min(configuration.find('\n'), configuration.size());
    const std::string_view line = configuration.substr(0, end);
    configuration.remove_prefix(std::min(end + 1, configuration.size()));
    if (const std::size_t equal = line.find('='); equal != line.npos && trimmed(line.substr(0, equal)) == key)
      return std::string(trimmed(line.substr(equal + 1)));
  }
  return "";
}

std::string path_of(const Source& source, const Repository& repository, const std::string& configuration) {
  switch (source.tool) {
    case Tool::dumps:
    case Tool::base_backups:
      return source.directory;
    case Tool::pgbackrest:
      return local_repository(configuration, repository.key);
    case Tool::barman:
      return source.archive;
    case Tool::wal_g:
    case Tool::cloudnativepg:
      break;
  }
  return "";
}

std::string configuration_of(const Source& source) {
  if (source.tool != Tool::pgbackrest) return "";
  if (!source.config_file.empty()) return read_whole_file(source.config_file, k_most_configuration).value_or("");
  for (const char* file : k_preset_files)
    if (auto text = read_whole_file(file, k_most_configuration)) return std::move(*text);
  return "";
}

}  // namespace

std::string local_repository(std::string_view configuration, const std::string& key) {
  const std::string option = "repo" + key + "-";
  if (!value_of(configuration, option + "host").empty()) return "";
  const std::string type = value_of(configuration, option + "type");
  if (!type.empty() && type != "posix" && type != "cifs") return "";
  return value_of(configuration, option + "path");
}

void find_same_volume(const Source& source, const std::string& data_directory, Reading& reading) {
  const auto data = device_of(data_directory);
  if (!data) return;
  const std::string configuration = configuration_of(source);
  for (Repository& repository : reading.repositories)
    if (const auto device = device_of(path_of(source, repository, configuration))) repository.same_volume = *device == *data;
}

}  // namespace pgvigil::backups
