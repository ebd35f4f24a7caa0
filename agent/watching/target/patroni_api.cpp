#include "agent/watching/target/patroni_api.h"

#include <memory>

#include "agent/transport/http_client.h"

namespace pgvigil::agent {
namespace {

constexpr std::chrono::milliseconds k_connect_timeout{3'000};

}  // namespace

patroni::Get patroni_api(const patroni::Address& address) {
  return [address, client = std::make_shared<transport::HttpClient>()](
             const std::string& path, Deadline deadline,
             const std::stop_token& stop) -> std::expected<std::string, Error> {
    transport::Transport transport = transport::transport_until(deadline, k_connect_timeout);
    transport.ca_file = address.ca_file;
    auto answer = client->send(transport::HttpRequest{.method = "GET", .url = Secret(address.url + path)},
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
