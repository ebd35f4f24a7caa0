#include "collectors/host/volume.h"

#include <sys/statvfs.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace pgvigil::host {
namespace {

std::string text_of(double number) {
  std::array<char, 32> text{};
  const auto [end, fault] = std::to_chars(text.data(), text.data() + text.size(), number);
  return std::string(text.data(), end);
}

}  // namespace

std::expected<VolumeUse, Error> measure(const std::string& path) {
  struct statvfs told {};
  if (statvfs(path.c_str(), &told) != 0)
    return std::unexpected(Error{ErrorKind::unreachable,
                                 "the volume at " + path + ": " + std::strerror(errno),
                                 "Mount it there, or correct [host]."});
  const auto bytes = [&](fsblkcnt_t blocks) {
    return static_cast<double>(blocks) * static_cast<double>(told.f_frsize);
  };
  return VolumeUse{.size_bytes = bytes(told.f_blocks),
                   .free_bytes = bytes(told.f_bfree),
                   .available_bytes = bytes(told.f_bavail),
                   .inodes = static_cast<double>(told.f_files),
                   .inodes_free = static_cast<double>(told.f_ffree),
                   .read_only = (told.f_flag & ST_RDONLY) != 0};
}

void add_row(const Volume& volume, const VolumeUse* use, TextRows& rows) {
  rows.add_row();
  rows.set("volume", volume.name);
  rows.set("path", volume.path);
  rows.set("answers", use == nullptr ? "f" : "t");
  const bool counts_inodes = use != nullptr && use->inodes > 0;
  const auto set = [&](std::string_view column, double VolumeUse::*member, bool known) {
    rows.set(column, known ? TextRows::Cell(text_of(use->*member)) : std::nullopt);
  };
  set("size_bytes", &VolumeUse::size_bytes, use != nullptr);
  set("free_bytes", &VolumeUse::free_bytes, use != nullptr);
  set("available_bytes", &VolumeUse::available_bytes, use != nullptr);
  set("inodes", &VolumeUse::inodes, counts_inodes);
  set("inodes_free", &VolumeUse::inodes_free, counts_inodes);
}

}  // namespace pgvigil::host
