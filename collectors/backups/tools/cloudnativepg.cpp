#include <algorithm>
#include <array>
#include <cstdlib>

#include "collectors/backups/files/command.h"
#include "collectors/backups/tools/cloudnativepg_json.h"
#include "collectors/backups/tools/reader.h"

namespace pgvigil::backups {
namespace {

/// Where Kubernetes puts what a pod needs to ask the API server ("Accessing the Kubernetes API from a Pod").
constexpr std::string_view k_account = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr std::size_t k_most_secret = 64 * 1024;
constexpr int k_good = 200;
constexpr int k_not_known = 404;

/// Without a list that is needed nothing can be said. One that is optional may be unknown: the plugin is not
/// installed. One that helps may be refused, too, and then that is told.
enum class Need : std::uint8_t { needed, optional, helps };

struct ObjectKind {
  std::string_view path;  ///< of the API group
  std::string_view plural;
  Need need;
};
constexpr std::array<ObjectKind, 4> k_lists = {{{"postgresql.cnpg.io/v1", "clusters", Need::needed},
                                                {"postgresql.cnpg.io/v1", "backups", Need::needed},
                                                {"postgresql.cnpg.io/v1", "scheduledbackups", Need::helps},
                                                {"barmancloud.cnpg.io/v1", "objectstores", Need::optional}}};

struct Lists {
  std::vector<std::string> texts;
  std::vector<Trouble> unseen;  ///< what else there may be
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  return text;
}

/// How the API server is asked from this pod.
struct ApiServer {
  std::string base;
  std::string name_space;
  Secret token;
  std::string ca_file;

  static std::expected<ApiServer, Error> find(const std::string& folder) {
    const std::string host = environment("KUBERNETES_SERVICE_HOST");
    const std::string port = environment("KUBERNETES_SERVICE_PORT");
    if (host.empty() || port.empty())
      return std::unexpected(
          Error{ErrorKind::configuration, "this is no pod of Kubernetes: KUBERNETES_SERVICE_HOST is not set",
                "Outside of the cluster name the JSON that a sidecar writes: [[backup]] file."});
    // The token is renewed in place.
    auto token = read_whole_file(folder + "/token", k_most_secret);
    auto name_space = read_whole_file(folder + "/namespace", k_most_secret);
    if (!token) return std::unexpected(std::move(token.error()));
    if (!name_space) return std::unexpected(std::move(name_space.error()));
    const bool is_v6 = host.contains(':');
    return ApiServer{"https://" + (is_v6 ? "[" + host + "]" : host) + ":" + port + "/apis/",
                     trimmed(std::move(*name_space)), Secret(trimmed(std::move(*token))), folder + "/ca.crt"};
  }
};

/// The lists of all objects that tell of backups, in the namespace of the pod.
std::expected<Lists, Error> ask_api_server(const Look& look) {
  const std::string folder = look.source.directory.empty() ? std::string(k_account) : look.source.directory;
  const auto server = ApiServer::find(folder);
  if (!server) return std::unexpected(server.error());
  if (!look.fetch)
    return std::unexpected(Error{ErrorKind::configuration, "nobody here can ask the API server"});
  Lists lists;
  for (const ObjectKind& kind : k_lists) {
    const std::string url = server->base + std::string(kind.path) + "/namespaces/" + server->name_space +
                            "/" + std::string(kind.plural);
    auto answer = look.fetch({url, server->token, server->ca_file}, look.deadline, look.stop);
    if (!answer) return std::unexpected(std::move(answer.error()));
    if (answer->status == k_good) {
      lists.texts.push_back(std::move(answer->body));
      continue;
    }
    if (kind.need != Need::needed && answer->status == k_not_known) continue;
    const std::string refusal = "the API server answered " + std::to_string(answer->status) +
                                " to the question for " + std::string(kind.plural) + " in namespace " +
                                server->name_space;
    if (kind.need != Need::helps)
      return std::unexpected(
          Error{ErrorKind::permission, refusal,
                "Let the service account of the pod get and list them: docs/backups.md has the Role."});
    lists.unseen.push_back(
        {Reason::check_failed, refusal + ": it is not seen whether backups are scheduled"});
  }
  return lists;
}

std::expected<Lists, Error> lists_of(const Look& look) {
  if (look.source.file.empty()) return ask_api_server(look);
  auto text = content_of(look, look.source.file);
  if (!text) return std::unexpected(std::move(text.error()));
  return Lists{{std::move(*text)}, {}};
}

}  // namespace

Reading read_cloudnativepg(const Look& look) {
  const auto lists = lists_of(look);
  auto reading =
      lists ? parse_cloudnativepg(lists->texts, look.source.stanza) : std::unexpected(lists.error());
  if (reading) {
    auto& checks = reading->repositories.at(0).checks;
    checks.insert(checks.end(), lists->unseen.begin(), lists->unseen.end());
    return std::move(*reading);
  }
  Reading none;
  none.stanza = look.source.stanza;
  none.trouble = trouble_of(reading.error());
  return none;
}

}  // namespace pgvigil::backups
