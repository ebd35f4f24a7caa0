#include "agent/config/load.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "agent/config/parse.h"

namespace pgvigil::agent {
namespace {

namespace fs = std::filesystem;

/// A file of ours that is larger was not meant to be read.
constexpr std::size_t k_most_bytes = std::size_t{4} * 1024 * 1024;

constexpr std::string_view k_uri_file_variable = "DATA_SOURCE_URI_FILE";

std::expected<std::string, std::string> read_file(const std::string& path) {
  std::error_code fault;
  if (fs::is_directory(path, fault)) return std::unexpected("it is a directory");
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return std::unexpected(std::generic_category().message(errno == 0 ? EIO : errno));
  std::string text(k_most_bytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return std::unexpected(std::generic_category().message(EIO));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > k_most_bytes) return std::unexpected("it is larger than 4 MiB");
  return text;
}

/// The TOML files of a folder by name. A mounted ConfigMap has entries that begin with two dots and
/// hold the real files: what begins with a dot is none of them.
std::expected<std::vector<std::string>, std::error_code> toml_paths(const std::string& folder) {
  std::error_code fault;
  std::vector<std::string> paths;
  for (fs::directory_iterator entry(folder, fault), end; !fault && entry != end; entry.increment(fault)) {
    const fs::path& path = entry->path();
    if (path.filename().string().starts_with('.') || path.extension() != ".toml") continue;
    std::error_code ignored;
    const fs::file_type type = fs::status(path, ignored).type();
    // A link that leads nowhere is told when it is read; a pipe would make the reader wait for ever.
    if (type == fs::file_type::regular || type == fs::file_type::not_found) paths.push_back(path.string());
  }
  if (fault) return std::unexpected(fault);
  std::ranges::sort(paths);
  return paths;
}

/// The file as far as it can be read: for what has to go on without it.
std::optional<ConfigFile> read_leniently(const std::optional<std::string>& file) {
  if (!file) return std::nullopt;
  return ConfigFile{*file, read_file(*file).value_or("")};
}

/// Where files of the user's stand that the configuration leads to.
std::vector<std::string> toml_folders(const Config& config) {
  std::vector<std::string> folders = config.rules.directories;
  if (!config.definitions_folder.empty()) folders.push_back(config.definitions_folder);
  return folders;
}

void append(std::vector<std::string>& folders, std::vector<std::string> more) {
  std::ranges::move(more, std::back_inserter(folders));
}

std::string folder_of(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

}  // namespace

std::expected<std::vector<collectors::DefinitionFile>, Diagnostics> read_toml_folder(
    const std::string& folder, bool required) {
  const auto paths = toml_paths(folder);
  if (!paths) {
    const bool missing = paths.error() == std::errc::no_such_file_or_directory;
    if (missing && !required) return std::vector<collectors::DefinitionFile>{};
    return std::unexpected(
        Diagnostics{{folder, 0, 0, "cannot read the directory: " + paths.error().message(), ""}});
  }
  std::vector<collectors::DefinitionFile> files;
  Diagnostics diagnostics;
  for (const std::string& path : *paths) {
    auto text = read_file(path);
    if (text)
      files.push_back({path, std::move(*text)});
    else
      diagnostics.push_back({path, 0, 0, "cannot read the file: " + text.error(), ""});
  }
  if (!diagnostics.empty()) return std::unexpected(std::move(diagnostics));
  return files;
}

std::expected<Config, Diagnostics> load_config(const std::optional<std::string>& file,
                                               const Environment& environment) {
  const Surroundings surroundings{environment, read_file, read_toml_folder};
  if (!file) return parse_config(std::nullopt, surroundings);
  auto text = read_file(*file);
  if (!text) return std::unexpected(Diagnostics{{*file, 0, 0, "cannot read the file: " + text.error(), ""}});
  return parse_config(ConfigFile{*file, std::move(*text)}, surroundings);
}

HttpConfig salvage_http(const std::optional<std::string>& file) {
  return salvage_config(read_leniently(file)).http;
}

std::string config_content(const std::optional<std::string>& file, const Environment& environment) {
  std::string content;
  const auto add = [&](const std::string& path) {
    content += path + '\0' + read_file(path).value_or("") + '\0';
  };
  if (const auto uri = environment(k_uri_file_variable)) add(*uri);
  const auto config = read_leniently(file);
  if (!config) return content;
  content += config->path + '\0' + config->text + '\0';
  for (const std::string& folder : toml_folders(salvage_config(config)))
    for (const std::string& path : toml_paths(folder).value_or(std::vector<std::string>{}))
      add(path);
  return content;
}

std::vector<std::string> config_folders(const std::optional<std::string>& file,
                                        const Config* in_force,
                                        const Environment& environment) {
  std::vector<std::string> folders;
  if (const auto uri = environment(k_uri_file_variable)) folders.push_back(folder_of(*uri));
  if (file) {
    folders.push_back(folder_of(*file));
    append(folders, toml_folders(salvage_config(read_leniently(file))));
  }
  if (in_force != nullptr) append(folders, toml_folders(*in_force));
  std::ranges::sort(folders);
  const auto repeated = std::ranges::unique(folders);
  folders.erase(repeated.begin(), repeated.end());
  return folders;
}

}  // namespace pgvigil::agent
