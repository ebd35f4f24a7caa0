#include "agent/notify/receivers/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <vector>

namespace pgvigil::agent::notify {
namespace {

constexpr std::string_view k_prefix = "whsec_";

std::string encoded(const unsigned char* bytes, std::size_t size) {
  std::vector<unsigned char> text(4 * ((size + 2) / 3) + 1);
  const int length = EVP_EncodeBlock(text.data(), bytes, static_cast<int>(size));
  return {text.begin(), text.begin() + length};
}

std::string decoded(std::string_view text) {
  std::vector<unsigned char> bytes(3 * (text.size() / 4 + 1));
  const int length =
      EVP_DecodeBlock(bytes.data(), std::vector<unsigned char>(text.begin(), text.end()).data(),
                      static_cast<int>(text.size()));
  if (length < 0) return std::string(text);
  const auto padding = static_cast<std::size_t>(text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0);
  return {bytes.begin(), bytes.begin() + length - static_cast<std::ptrdiff_t>(padding)};
}

std::string key_of(std::string_view secret) {
  return secret.starts_with(k_prefix) ? decoded(secret.substr(k_prefix.size())) : std::string(secret);
}

std::string signed_with(std::string_view secret, const std::string& content) {
  const std::string key = key_of(secret);
  const std::vector<unsigned char> input(content.begin(), content.end());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), input.data(), input.size(), digest.data(),
       &size);
  return "v1," + encoded(digest.data(), size);
}

}  // namespace

std::string webhook_signature(const Secret& secrets,
                              std::string_view id,
                              std::string_view timestamp,
                              std::string_view body) {
  const std::string content = std::string(id) + "." + std::string(timestamp) + "." + std::string(body);
  std::string signatures;
  std::string_view left = secrets.reveal();
  while (!left.empty()) {
    const auto end = std::min(left.find(' '), left.size());
    if (end > 0) signatures += (signatures.empty() ? "" : " ") + signed_with(left.substr(0, end), content);
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return signatures;
}

std::string base64(std::string_view text) {
  const std::vector<unsigned char> bytes(text.begin(), text.end());
  return encoded(bytes.data(), bytes.size());
}

}  // namespace pgvigil::agent::notify
