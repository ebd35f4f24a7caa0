#include "agent/http/client.h"

#include <httplib.h>

namespace pgvigil::agent {
namespace {

constexpr std::size_t k_most_bytes = 64'000'000;
constexpr std::chrono::seconds k_connect_time{5};

Error error_of(httplib::Error fault, const std::string& url) {
  const std::string hint = "Is pgvigil running there? Name another address with --url http://HOST:PORT.";
  switch (fault) {
    case httplib::Error::Connection:
      return {ErrorKind::unreachable, "cannot connect to " + url, hint};
    case httplib::Error::Read:
    case httplib::Error::Write:
      return {ErrorKind::timed_out, "no answer from " + url,
              "It may be busy, or speak something else than HTTP."};
    case httplib::Error::Canceled:
      return {ErrorKind::limit, "the answer of " + url + " is larger than 64 MB", "Ask for less."};
    default:
      return {ErrorKind::unreachable, "cannot talk to " + url + ": " + httplib::to_string(fault), hint};
  }
}

std::string encoded(const Parameters& form) {
  std::string text;
  for (const auto& [name, value] : form)
    text += (text.empty() ? "" : "&") + httplib::detail::encode_query_param(name) + "=" +
            httplib::detail::encode_query_param(value);
  return text;
}

}  // namespace

std::expected<Fetched, Error> post_form(const std::string& url,
                                        const std::string& path,
                                        const Parameters& form,
                                        std::chrono::milliseconds timeout) {
  const Error not_a_url{ErrorKind::configuration, "'" + url + "' is no URL", "Write http://HOST:PORT."};
  if (!url.starts_with("http://") && !url.starts_with("https://")) return std::unexpected(not_a_url);
  httplib::Client client(url);
  if (!client.is_valid()) return std::unexpected(not_a_url);
  client.set_connection_timeout(k_connect_time);
  client.set_read_timeout(timeout);
  Fetched fetched;
  httplib::Request request;
  request.method = "POST";
  request.path = path;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = encoded(form);
  request.content_receiver = [&](const char* bytes, std::size_t size, std::uint64_t, std::uint64_t) {
    fetched.body.append(bytes, size);
    return fetched.body.size() <= k_most_bytes;
  };
  const httplib::Result result = client.send(request);
  if (!result) return std::unexpected(error_of(result.error(), url));
  fetched.status = result->status;
  fetched.content_type = result->get_header_value("Content-Type");
  return fetched;
}

}  // namespace pgvigil::agent
