#include "collectors/backups/files/file_blocks.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace pgvigil::backups {
namespace {

constexpr std::size_t k_block = std::size_t{1} << 18;

}  // namespace

std::expected<FileBlocks, Error> FileBlocks::open(const std::string& path) {
  FileBlocks opened;
  opened.path_ = path;
  std::error_code fault;
  opened.size_ = std::filesystem::file_size(path, fault);
  if (!fault) opened.file_.open(path, std::ios::binary);
  if (!fault && opened.file_) return opened;
  const int number = fault ? fault.value() : errno;
  const auto kind = number == EACCES ? ErrorKind::permission : ErrorKind::unreachable;
  return std::unexpected(Error{kind, "cannot read " + path + ": " + std::strerror(number)});
}

std::string FileBlocks::at(std::uint64_t offset, std::size_t most) {
  std::string text(most, '\0');
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(offset));
  file_.read(text.data(), static_cast<std::streamsize>(most));
  text.resize(static_cast<std::size_t>(file_.gcount()));
  return text;
}

std::expected<void, Error> FileBlocks::each_block(std::uint64_t& offset,
                                                  Deadline deadline,
                                                  const std::stop_token& stop,
                                                  const std::function<bool(std::string_view&)>& take) {
  std::vector<char> block(k_block);
  while (true) {
    if (stop.stop_requested() || Deadline::clock::now() >= deadline)
      return std::unexpected(
          Error{ErrorKind::timed_out, path_ + " was not read to its end in time, but " +
                                          std::to_string(offset * 100 / std::max<std::uint64_t>(size_, 1)) +
                                          " % of it"});
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(offset));
    file_.read(block.data(), static_cast<std::streamsize>(block.size()));
    const auto got = static_cast<std::size_t>(file_.gcount());
    if (got == 0 && offset < size_)
      return std::unexpected(Error{ErrorKind::unreachable,
                                   path_ + " cannot be read from byte " + std::to_string(offset) + " on"});
    std::string_view rest(block.data(), got);
    const bool goes_on = got > 0 && take(rest);
    offset += got - rest.size();
    if (!goes_on) return {};
  }
}

}  // namespace pgvigil::backups
