#include "collectors/postgres/password.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace pgvigil::postgres {
namespace {

/// A file's content without its last newline.
std::expected<std::string, Error> read_secret_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return std::unexpected(
        Error{ErrorKind::configuration, "cannot read '" + path + "': " + std::strerror(errno),
              "Check that the secret is mounted there and that pgvigil's user may read it."});
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace

std::expected<Credentials, Error> read_credentials(const ConnectionSettings& settings) {
  Credentials credentials{settings.user, {}};
  if (!settings.user_file.empty()) {
    auto user = read_secret_file(settings.user_file);
    if (!user) return std::unexpected(user.error());
    credentials.user = std::move(*user);
  }
  if (!settings.password_file.empty()) {
    auto password = read_secret_file(settings.password_file);
    if (!password) return std::unexpected(password.error());
    credentials.password = Secret(std::move(*password));
  } else if (!settings.password_variable.empty()) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody in this process writes its environment once threads run.
    const char* value = std::getenv(settings.password_variable.c_str());
    if (value == nullptr)
      return std::unexpected(Error{ErrorKind::configuration,
                                   "environment variable '" + settings.password_variable + "' is not set",
                                   "Set it to the password, or name a password_file."});
    credentials.password = Secret(value);
  }
  return credentials;
}

}  // namespace pgvigil::postgres
