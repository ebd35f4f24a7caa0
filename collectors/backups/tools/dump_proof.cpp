#include "collectors/backups/tools/dump_proof.h"

#include <filesystem>

#include "collectors/backups/files/command.h"
#include "collectors/backups/files/presence.h"
#include "collectors/backups/files/proof_cache.h"

namespace pgvigil::backups {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_most_contents = std::size_t{64} << 20;
/// Bytes of the ends of a data file, of which there may be thousands.
constexpr std::size_t k_data_ends = 16;

DumpFile unproven(std::string why) {
  DumpFile dump;
  dump.state = State::unproven;
  dump.why = std::move(why);
  return dump;
}

std::expected<Content, Error> content_at(const Look& look,
                                         const std::string& path,
                                         std::size_t ends = ContentLimits{}.ends) {
  const ContentLimits limits{ends, look.source.unpack_memory};
  return look.proofs->read<ContentReader>(path, "content", look.deadline, look.stop, limits);
}

/// The data file called `name`, packed or not; empty when it is not there.
std::string data_file(const std::string& folder, const std::string& name) {
  for (const char* ending : {"", ".gz", ".zst", ".lz4"})
    if (const std::string path = folder + "/" + name + ending; is_there(path)) return path;
  return "";
}

/// The table of contents lists the data files; each must be there, and end as it should.
DumpFile prove_directory(const Look& look, const std::string& folder, std::uint64_t& stored) {
  const auto contents = content_at(look, folder + "/toc.dat");
  const auto text = read_whole_file(folder + "/toc.dat", k_most_contents);
  if (!contents || !text) return unproven("its toc.dat cannot be read");
  DumpFile dump = judge_dump(*contents);
  stored = text->size();
  for (const std::string& name : data_files_of(*text)) {
    const std::string path = data_file(folder, name);
    const auto content = path.empty() ? std::unexpected(Error{}) : content_at(look, path, k_data_ends);
    if (!path.empty() && !content) return unproven(content.error().message);
    if (content) stored += content->stored;
    if (content && !content->obstacle.empty()) return unproven(name + ": " + content->obstacle);
    if (content && content->whole && ends_as_copy(content->tail)) continue;
    dump.state = State::damaged;
    dump.why = name + (path.empty() ? " is missing" : " is cut off");
    return dump;
  }
  return dump;
}

}  // namespace

DumpFile prove_dump(const Look& look, const std::string& path, std::uint64_t& stored) {
  if (is_folder(path)) return prove_directory(look, path, stored);
  const auto content = content_at(look, path);
  if (!content) return unproven(content.error().message);
  stored = content->stored;
  return judge_dump(*content);
}

}  // namespace pgvigil::backups
