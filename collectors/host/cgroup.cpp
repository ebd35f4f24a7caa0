#include "collectors/host/cgroup.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace pgvigil::host {
namespace {

/// The next part of `text` before `end`, which is taken away with it.
std::string_view next(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

TextRows::Cell limit(std::string_view text) {
  if (text == "max" || text.empty()) return std::nullopt;
  return std::string(text);
}

/// One folder's files.
class Folder {
 public:
  explicit Folder(const std::string& path) : path_(path) {}

  std::optional<std::string> read(const std::string& name) const {
    std::ifstream file(path_ + "/" + name, std::ios::binary);
    if (!file) return std::nullopt;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  /// A file with one number, or "max", into a column.
  void take_number(const std::string& name, std::string_view column, TextRows& rows) const {
    const auto text = read(name);
    if (!text) return;
    std::string_view rest = *text;
    rows.set(column, limit(next(rest, '\n')));
  }

  void take_keys_of(const std::string& name, std::string_view prefix, TextRows& rows) const {
    if (const auto text = read(name)) take_keys(*text, prefix, rows);
  }

 private:
  const std::string& path_;
};

void read_cpu(const Folder& folder, TextRows& rows) {
  rows.add_row();
  folder.take_keys_of("cpu.stat", "", rows);
  if (const auto text = folder.read("cpu.max")) take_cpu_max(*text, rows);
}

void read_memory(const Folder& folder, TextRows& rows) {
  rows.add_row();
  constexpr std::array<std::pair<const char*, const char*>, 6> numbers{
      {{"memory.current", "current"},
       {"memory.peak", "peak"},
       {"memory.max", "max"},
       {"memory.high", "high"},
       {"memory.swap.current", "swap_current"},
       {"memory.swap.max", "swap_max"}}};
  for (const auto& [name, column] : numbers)
    folder.take_number(name, column, rows);
  folder.take_keys_of("memory.stat", "stat_", rows);
  folder.take_keys_of("memory.events", "events_", rows);
}

void read_pids(const Folder& folder, TextRows& rows) {
  rows.add_row();
  folder.take_number("pids.current", "current", rows);
  folder.take_number("pids.max", "max", rows);
  folder.take_keys_of("pids.events", "events_", rows);
}

void read_pressure(const Folder& folder, TextRows& rows) {
  for (const std::string resource : {"cpu", "memory", "io"})
    if (const auto text = folder.read(resource + ".pressure")) take_pressure(resource, *text, rows);
}

bool is_empty(const TextRows& rows, Source source) {
  constexpr std::string_view current = "current";
  if (source == Source::cpu) return !rows.get("usage_usec");
  if (source == Source::memory || source == Source::pids) return !rows.get(current);
  return false;
}

/// What the source reads first: its absence means that the controller is not there.
std::string_view main_file(Source source) {
  switch (source) {
    case Source::cpu:
      return "cpu.stat";
    case Source::memory:
      return "memory.current";
    case Source::pids:
      return "pids.current";
    case Source::io:
      return "io.stat";
    case Source::pressure:
      return "cpu.pressure";
    case Source::volumes:
      return "";
  }
  return "";
}

}  // namespace

void take_keys(std::string_view text, std::string_view prefix, TextRows& rows) {
  while (!text.empty()) {
    std::string_view line = next(text, '\n');
    const std::string_view key = next(line, ' ');
    if (!key.empty() && !line.empty()) rows.set(std::string(prefix) + std::string(key), std::string(line));
  }
}

void take_cpu_max(std::string_view text, TextRows& rows) {
  std::string_view line = next(text, '\n');
  rows.set("quota_usec", limit(next(line, ' ')));
  rows.set("period_usec", limit(line));
}

void take_pressure(std::string_view resource, std::string_view text, TextRows& rows) {
  while (!text.empty()) {
    std::string_view line = next(text, '\n');
    const std::string_view kind = next(line, ' ');
    if (kind.empty()) continue;
    rows.add_row();
    rows.set("resource", std::string(resource));
    rows.set("kind", std::string(kind));
    while (!line.empty()) {
      std::string_view pair = next(line, ' ');
      const std::string_view key = next(pair, '=');
      rows.set(key, std::string(pair));
    }
  }
}

void take_io(std::string_view text, TextRows& rows) {
  while (!text.empty()) {
    std::string_view line = next(text, '\n');
    const std::string_view device = next(line, ' ');
    // A device that has done nothing is a bare number.
    if (device.empty() || line.empty()) continue;
    rows.add_row();
    rows.set("device", std::string(device));
    while (!line.empty()) {
      std::string_view pair = next(line, ' ');
      const std::string_view key = next(pair, '=');
      if (!pair.empty()) rows.set(key, std::string(pair));
    }
  }
}

std::expected<TextRows, Unsupported> read_cgroup(Source source, const std::string& path) {
  const Folder folder(path);
  if (!folder.read("cgroup.controllers"))
    return std::unexpected(
        Unsupported{"no cgroup v2 is at " + path,
                    "Mount one there, or correct [host] cgroup; a node with cgroup v1 has none."});
  TextRows rows;
  bool found = true;
  switch (source) {
    case Source::cpu:
      read_cpu(folder, rows);
      break;
    case Source::memory:
      read_memory(folder, rows);
      break;
    case Source::pids:
      read_pids(folder, rows);
      break;
    case Source::pressure:
      read_pressure(folder, rows);
      found = rows.size() > 0;
      break;
    case Source::io: {
      const auto text = folder.read("io.stat");
      found = text.has_value();
      if (found) take_io(*text, rows);
      break;
    }
    case Source::volumes:
      break;
  }
  if (found && (rows.size() == 0 || !is_empty(rows, source))) return rows;
  return std::unexpected(Unsupported{"the cgroup at " + path + " has no " + std::string(main_file(source)),
                                     "The cgroup of a container has it; the root of a machine may not."});
}

}  // namespace pgvigil::host
