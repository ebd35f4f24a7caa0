#include "agent/runtime/patroni_api.h"

#include <algorithm>
#include <memory>

#include "agent/notify/http_client.h"

namespace pgvigil::agent {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_connect_timeout{3'000};

}  // namespace

patroni::Get patroni_api(const patroni::Address& address) {
  return [address, client = std::make_shared<notify::HttpClient>()](
             const std::string& path, Deadline deadline,
             const std::stop_token& stop) -> std::expected<std::string, Error> {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Deadline::clock::now());
    const notify::Transport transport{.ca_file = address.ca_file,
                                      .connect_timeout = std::min(k_connect_timeout, left),
                                      .timeout = std::max(left, milliseconds{1})};
    auto answer = client->send(notify::HttpRequest{.method = "GET", .url = Secret(address.url + path)},
                               transport, stop);
    if (answer.error) {
      answer.error->hint +=
          answer.error->hint.empty() ? "Is Patroni there, and is 'patroni' its restapi.connect_address?" : "";
      return std::unexpected(std::move(*answer.error));
    }
    if (answer.status != 200)
      return std::unexpected(
          Error{ErrorKind::query, "Patroni answered " + std::to_string(answer.status) + " to GET " + path,
                answer.status >= 500 ? "It cannot see its DCS, or is starting: its log tells." : ""});
    return std::move(answer.body);
  };
}

}  // namespace pgvigil::agent
