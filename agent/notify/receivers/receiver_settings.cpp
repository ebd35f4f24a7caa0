#include "agent/notify/receivers/receiver_settings.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace pgvigil::agent::notify {
namespace {

constexpr std::size_t k_most_bytes = 64 * 1024;

Secret trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return {};
  return Secret(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

}  // namespace

std::expected<Secret, Error> read_secret(const SecretSource& source) {
  if (!source.file.empty()) {
    std::ifstream stream(source.file, std::ios::binary);
    std::string text(k_most_bytes, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, stream.gcount())));
    Secret secret = trimmed(text);
    if (!secret.empty()) return secret;
    return std::unexpected(Error{ErrorKind::configuration, "nothing can be read from the file " + source.file,
                                 "It must hold the secret alone, and be readable for pgvigil."});
  }
  if (!source.variable.empty()) {
    const char* text = std::getenv(source.variable.c_str());
    Secret secret = trimmed(text == nullptr ? "" : text);
    if (!secret.empty()) return secret;
    return std::unexpected(
        Error{ErrorKind::configuration, "the environment variable " + source.variable + " is not set"});
  }
  return source.text;
}

}  // namespace pgvigil::agent::notify
