#include "collectors/backups/files/checksum.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "collectors/backups/files/crc32c.h"
#include "collectors/backups/files/file_blocks.h"

namespace pgvigil::backups {
namespace {

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

const EVP_MD* digest_of(SumKind kind) {
  switch (kind) {
    case SumKind::crc32c:
      return nullptr;
    case SumKind::sha224:
      return EVP_sha224();
    case SumKind::sha256:
      return EVP_sha256();
    case SumKind::sha384:
      return EVP_sha384();
    case SumKind::sha512:
      return EVP_sha512();
  }
  return nullptr;
}

}  // namespace

class ChecksumReader::Sum {
 public:
  explicit Sum(SumKind kind) {
    const EVP_MD* digest = digest_of(kind);
    if (digest == nullptr) return;
    context_.reset(EVP_MD_CTX_new());
    EVP_DigestInit_ex(context_.get(), digest, nullptr);
  }
  void take(std::string_view block) {
    if (context_)
      EVP_DigestUpdate(context_.get(), block.data(), block.size());
    else
      crc_.take(block);
  }
  std::string finish() {
    if (!context_) return crc_.finish();
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
  std::unique_ptr<EVP_MD_CTX, FreeDigest> context_;  ///< nothing: it is a CRC
  Crc32c crc_;
};

std::optional<SumKind> sum_kind_of(std::string_view word) {
  constexpr std::array<std::string_view, 5> k_words = {"CRC32C", "SHA224", "SHA256", "SHA384", "SHA512"};
  const auto found = std::ranges::find(k_words, word);
  if (found == k_words.end()) return std::nullopt;
  return static_cast<SumKind>(found - k_words.begin());
}

ChecksumReader::ChecksumReader(std::string path, SumKind kind)
    : path_(std::move(path)), sum_(std::make_unique<Sum>(kind)) {}
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

std::string sum_of(std::string_view text, SumKind kind) {
  ChecksumReader::Sum sum(kind);
  sum.take(text);
  return sum.finish();
}

std::string sha256_of(std::string_view text) {
  return sum_of(text, SumKind::sha256);
}

}  // namespace pgvigil::backups
