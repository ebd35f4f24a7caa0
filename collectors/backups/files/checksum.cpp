#include <openssl/evp.h>

#include <array>
#include <memory>

#include "collectors/backups/files/content.h"
#include "collectors/backups/files/file_blocks.h"

namespace pgvigil::backups {
namespace {

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void take(std::string_view block) { EVP_DigestUpdate(context_.get(), block.data(), block.size()); }
  std::string finish() {
    constexpr std::string_view k_digits = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), bytes.data(), &size);
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
      text += k_digits[bytes.at(i) >> 4];
      text += k_digits[bytes.at(i) & 0xF];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, FreeDigest> context_;
};

}  // namespace

std::expected<std::string, Error> sha256_of_file(const std::string& path, Deadline deadline, const std::stop_token& stop) {
  auto file = FileBlocks::open(path);
  if (!file) return std::unexpected(file.error());
  Sha256 sum;
  auto read = file->each_block(deadline, stop, [&](std::string_view block) {
    sum.take(block);
    return true;
  });
  if (!read) return std::unexpected(read.error());
  return sum.finish();
}

std::string sha256_of(std::string_view text) {
  Sha256 sum;
  sum.take(text);
  return sum.finish();
}

}  // namespace pgvigil::backups
