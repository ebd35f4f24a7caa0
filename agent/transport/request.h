#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "collectors/model/error.h"
#include "collectors/model/secret.h"
#include "collectors/model/units.h"

namespace pgvigil::agent::transport {

/// One request of HTTP. The address of a webhook lets anybody write there: it is a secret, and so are
/// headers.
struct HttpRequest {
  std::string method = "POST";
  Secret url;
  std::vector<std::pair<std::string, Secret>> headers = {};
  std::string body = {};
  std::string user = {};  ///< of basic authentication; empty: none
  Secret password = {};
};

enum class MailSecurity : std::uint8_t { starttls, tls, none };

/// One mail, ready for a server: `text` holds headers and body with CRLF.
struct Mail {
  std::string server;  ///< host:port
  MailSecurity security = MailSecurity::starttls;
  std::string from;
  std::vector<std::string> to;
  std::string text;
  std::string user = {};  ///< empty: without authentication
  Secret password = {};
};

using Request = std::variant<HttpRequest, Mail>;

/// What came back. Without an `error` the receiver answered, whatever it said.
struct Answer {
  int status = 0;                                             ///< of HTTP, or the last reply of SMTP
  std::string body;                                           ///< up to the limit
  std::optional<std::chrono::milliseconds> retry_after = {};  ///< as the receiver asks
  std::optional<Error> error = {};
};

/// How receivers are reached.
struct Transport {
  std::string proxy = {};    ///< URL; empty: what the environment's *_proxy variables say
  std::string ca_file = {};  ///< PEM; empty: the system's
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{15'000};  ///< of the whole request
  std::size_t answer_limit = 64 * 1024;       ///< bytes of an answer that are kept

  bool operator==(const Transport&) const = default;
};

/// For a request that is over by `deadline`; it has a millisecond at the least, and `connect_timeout` of it
/// at the most to connect.
Transport transport_until(Deadline deadline, std::chrono::milliseconds connect_timeout);

/// "hooks.slack.com" of an address: all of it that may be shown.
std::string host_of(std::string_view url);

}  // namespace pgvigil::agent::transport
