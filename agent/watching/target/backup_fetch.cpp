#include "agent/watching/target/backup_fetch.h"

#include "agent/transport/http_client.h"

namespace pgvigil::agent {
namespace {

constexpr std::chrono::milliseconds k_connect_timeout{5'000};
/// A list of some thousand objects of Kubernetes.
constexpr std::size_t k_most_answer = std::size_t{16} << 20;

}  // namespace

backups::Fetch backup_fetch() {
  return [](const backups::FetchRequest& request, Deadline deadline,
            const std::stop_token& stop) -> std::expected<backups::Fetched, Error> {
    transport::Transport transport = transport::transport_until(deadline, k_connect_timeout);
    transport.ca_file = request.ca_file;
    transport.answer_limit = k_most_answer;
    transport::HttpRequest asked{.method = "GET", .url = Secret(request.url)};
    asked.headers.emplace_back("Authorization", Secret("Bearer " + request.token.reveal()));
    // Looks are rare: no connection is kept between them.
    auto answer = transport::HttpClient().send(asked, transport, stop);
    if (answer.error) return std::unexpected(std::move(*answer.error));
    return backups::Fetched{answer.status, std::move(answer.body)};
  };
}

}  // namespace pgvigil::agent
