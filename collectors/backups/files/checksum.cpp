#include "collectors/backups/files/checksum.h"

#include <openssl/evp.h>

#include <array>

#include "collectors/backups/files/file_blocks.h"

namespace pgvigil::backups {
namespace {

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

class ChecksumReader::Sha256 {
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

ChecksumReader::ChecksumReader(std::string path) : path_(std::move(path)), sum_(std::make_unique<Sha256>()) {}
ChecksumReader::~ChecksumReader() = default;

std::expected<std::string, Error> ChecksumReader::read(Deadline deadline, const std::stop_token& stop) {
  auto file = FileBlocks::open(path_);
  if (!file) return std::unexpected(std::move(file.error()));
  auto read = file->each_block(offset_, deadline, stop, [&](std::string_view& block) {
    sum_->take(block);
    block = {};
    return true;
  });
  if (!read) return std::unexpected(std::move(read.error()));
  return sum_->finish();
}

std::string sha256_of(std::string_view text) {
  ChecksumReader::Sha256 sum;
  sum.take(text);
  return sum.finish();
}

}  // namespace pgvigil::backups
