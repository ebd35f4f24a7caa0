#include "collectors/backups/files/proof_cache.h"

#include <sys/stat.h>

namespace pgvigil::backups {

std::optional<std::string> ProofCache::identity_of(const std::string& path) {
  struct stat told {};
  if (stat(path.c_str(), &told) != 0) return std::nullopt;
  std::string text =
      std::to_string(told.st_dev) + ' ' + std::to_string(told.st_ino) + ' ' + std::to_string(told.st_size);
  for (const timespec& time : {told.st_mtim, told.st_ctim})
    text += ' ' + std::to_string(time.tv_sec) + ' ' + std::to_string(time.tv_nsec);
  return text;
}

void ProofCache::sweep() {
  std::erase_if(proofs_, [](const auto& each) { return !each.second.asked; });
  for (auto& [key, proof] : proofs_)
    proof.asked = false;
}

}  // namespace pgvigil::backups
